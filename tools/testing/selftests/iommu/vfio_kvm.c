// SPDX-License-Identifier: GPL-2.0-only
/*
 * What KVM is told of VFIO's files, a group's and a device's own: whether DMA of
 * the device is always coherent, and of which virtual machine its driver knows.
 *
 * KVM does not show what it makes of the former. A probe counts the calls of the
 * functions that turn the emulation of wbinvd on and off.
 *
 * EDU0 names an edu device that is alone in its group and bound to vfio-pci.
 */
#include <linux/kvm.h>
#include <stdio.h>

#include "mdev_device.h"
#include "type1_fixture.h"
#include "harness.h"

#define TRACING		"/sys/kernel/tracing"
#define TRACING_OLD	"/sys/kernel/debug/tracing"
#define ECAP_SC		0x80ULL		/* VT-d: snoop control */

/*
 * The probes
 */

static const char *tracing(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s",
		 access(TRACING "/kprobe_events", F_OK) ? TRACING_OLD : TRACING,
		 name);
	return path;
}

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_APPEND);
	int rc = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		rc = -errno;
	close(fd);
	return rc;
}

static int probes_add(void)
{
	return write_text(tracing("kprobe_events"),
			  "p:vfio_kvm/on kvm_arch_register_noncoherent_dma\n") ?:
	       write_text(tracing("kprobe_events"),
			  "p:vfio_kvm/off kvm_arch_unregister_noncoherent_dma\n") ?:
	       write_text(tracing("events/vfio_kvm/enable"), "1\n");
}

static int probes_remove(void)
{
	return write_text(tracing("events/vfio_kvm/enable"), "0\n") ?:
	       write_text(tracing("kprobe_events"), "-:vfio_kvm/on\n") ?:
	       write_text(tracing("kprobe_events"), "-:vfio_kvm/off\n");
}

/* How often the function was called that the probe @name is at */
static int hits(const char *name)
{
	FILE *file = fopen(tracing("kprobe_profile"), "r");
	char found[64];
	int count, result = -1;

	if (!file)
		return -1;
	while (fscanf(file, "%63s %d %*d", found, &count) == 2)
		if (!strcmp(found, name))
			result = count;
	fclose(file);
	return result;
}

/*
 * KVM
 */

static int kvm_vfio_device(int vm)
{
	struct kvm_create_device create = { .type = KVM_DEV_TYPE_VFIO };

	return ioctl(vm, KVM_CREATE_DEVICE, &create) ? -errno : (int)create.fd;
}

static int kvm_file(int kvm, __u64 attr, int fd)
{
	__s32 file = fd;
	struct kvm_device_attr cmd = {
		.group = KVM_DEV_VFIO_FILE,
		.attr = attr,
		.addr = (uintptr_t)&file,
	};

	return ioctl(kvm, KVM_SET_DEVICE_ATTR, &cmd) ? -errno : 0;
}

static int kvm_add(int kvm, int fd)
{
	return kvm_file(kvm, KVM_DEV_VFIO_FILE_ADD, fd);
}

static int kvm_del(int kvm, int fd)
{
	return kvm_file(kvm, KVM_DEV_VFIO_FILE_DEL, fd);
}

/* Can the IOMMU of the device enforce snooping? Says what VT-d tells of itself */
static bool can_enforce(const char *bdf)
{
	unsigned long long ecap = 0;
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path),
		 "/sys/bus/pci/devices/%s/iommu/intel-iommu/ecap", bdf);
	file = fopen(path, "r");
	if (!file)
		return false;
	if (fscanf(file, "%llx", &ecap) != 1)
		ecap = 0;
	fclose(file);
	return ecap & ECAP_SC;
}

FIXTURE(kvm)
{
	int vm;
	int kvm;	/* the VFIO-KVM device */
	int iommu;
	__u32 ioas;
	const char *bdf;
	int noncoherent;	/* 1 if DMA of the device is not always coherent */
};

FIXTURE_SETUP(kvm)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (kvm < 0)
		SKIP(_exit(KSFT_SKIP), "no KVM");
	self->bdf = getenv("EDU0");
	ASSERT_NE(NULL, self->bdf);
	self->vm = ioctl(kvm, KVM_CREATE_VM, 0);
	ASSERT_LE(0, self->vm);
	close(kvm);
	self->kvm = kvm_vfio_device(self->vm);
	ASSERT_LE(0, self->kvm);
	self->iommu = iommu_open();
	ASSERT_LE(0, self->iommu);
	ASSERT_EQ(0, ioas_alloc(self->iommu, &self->ioas));
	self->noncoherent = !can_enforce(self->bdf);
	ASSERT_EQ(0, probes_add());
	ASSERT_EQ(0, hits("on"));
	ASSERT_EQ(0, hits("off"));
}

FIXTURE_TEARDOWN(kvm)
{
	close(self->kvm);
	close(self->vm);
	/* Whatever it was told of is forgotten */
	EXPECT_EQ(hits("on"), hits("off"));
	EXPECT_EQ(0, probes_remove());
	close(self->iommu);
}

TEST_F(kvm, a_device_file_is_added_and_removed_once)
{
	int device = vfio_open_cdev(self->bdf);

	ASSERT_LE(0, device);
	EXPECT_EQ(-ENOENT, kvm_del(self->kvm, device));
	EXPECT_EQ(0, kvm_add(self->kvm, device));
	EXPECT_EQ(-EEXIST, kvm_add(self->kvm, device));
	EXPECT_EQ(0, kvm_del(self->kvm, device));
	EXPECT_EQ(-ENOENT, kvm_del(self->kvm, device));
	close(device);
}

TEST_F(kvm, other_files_are_refused)
{
	EXPECT_EQ(-EINVAL, kvm_add(self->kvm, self->iommu));
	EXPECT_EQ(-EINVAL, kvm_add(self->kvm, self->vm));
	EXPECT_EQ(-EBADF, kvm_add(self->kvm, -1));
}

TEST_F(kvm, a_device_is_as_coherent_as_its_iommu)
{
	int device = vfio_open_cdev(self->bdf);

	ASSERT_LE(0, device);
	/* before bind, as VMMs do it */
	ASSERT_EQ(0, kvm_add(self->kvm, device));
	EXPECT_EQ(self->noncoherent, hits("on"));
	ASSERT_EQ(0, kvm_del(self->kvm, device));
	EXPECT_EQ(self->noncoherent, hits("off"));

	ASSERT_EQ(0, bind_to(device, self->iommu));
	ASSERT_EQ(0, kvm_add(self->kvm, device));
	EXPECT_EQ(2 * self->noncoherent, hits("on"));
	ASSERT_EQ(0, kvm_del(self->kvm, device));

	ASSERT_EQ(0, attach(device, self->ioas));
	ASSERT_EQ(0, kvm_add(self->kvm, device));
	EXPECT_EQ(3 * self->noncoherent, hits("on"));
	EXPECT_EQ(2 * self->noncoherent, hits("off"));

	/* KVM keeps the file, and thereby the device as it is, to the end */
	close(device);
	EXPECT_EQ(3 * self->noncoherent, hits("on"));
}

TEST_F(kvm, a_group_is_as_coherent_as_its_container)
{
	static const char *const path[] = {
		IOMMUFD_CONTAINER, TYPE1_CONTAINER,
	};

	for (int i = 0; i < 2; i++) {
		int container = container_open(path[i]);
		int group = vfio_open_group(self->bdf);

		ASSERT_LE(0, container);
		ASSERT_LE(0, group);
		/* in no container it does no DMA */
		ASSERT_EQ(0, kvm_add(self->kvm, group));
		EXPECT_EQ(i * self->noncoherent, hits("on"));
		ASSERT_EQ(0, kvm_del(self->kvm, group));

		ASSERT_EQ(0, set_container(group, container));
		ASSERT_EQ(0, set_iommu(container, VFIO_TYPE1v2_IOMMU));
		EXPECT_EQ(!self->noncoherent,
			  check_extension(container, VFIO_DMA_CC_IOMMU));
		ASSERT_EQ(0, kvm_add(self->kvm, group));
		EXPECT_EQ((i + 1) * self->noncoherent, hits("on"));
		ASSERT_EQ(0, kvm_del(self->kvm, group));
		EXPECT_EQ((i + 1) * self->noncoherent, hits("off"));
		ASSERT_EQ(0, unset_container(group));
		close(group);
		close(container);
	}
}

TEST_F(kvm, an_emulated_device_is_coherent)
{
	struct mdev mdev;
	int device;

	ASSERT_EQ(0, mdev_create(&mdev, "mdev_test", "mdev_test-pin", 0));
	device = vfio_open_cdev(mdev.path);
	ASSERT_LE(0, device);
	ASSERT_EQ(0, kvm_add(self->kvm, device));
	EXPECT_EQ(0, hits("on"));
	ASSERT_EQ(0, kvm_del(self->kvm, device));
	close(device);
	EXPECT_EQ(0, mdev_remove(&mdev));
}

TEST_F(kvm, a_driver_finds_the_virtual_machine_of_the_file)
{
	struct mdev mdev;
	int device;

	ASSERT_EQ(0, mdev_create(&mdev, "mdev_test", "mdev_test-pin", 0));
	for (int known = 0; known < 3; known++) {
		device = vfio_open_cdev(mdev.path);
		ASSERT_LE(0, device);
		if (known)
			ASSERT_EQ(0, kvm_add(self->kvm, device));
		if (known == 2)
			ASSERT_EQ(0, kvm_del(self->kvm, device));
		ASSERT_EQ(0, bind_to(device, self->iommu));
		EXPECT_EQ(known == 1, mdev_read(device, MDEV_TEST_HAS_KVM));
		if (known == 1)
			ASSERT_EQ(0, kvm_del(self->kvm, device));
		close(device);
	}
	EXPECT_EQ(0, mdev_remove(&mdev));
}

TEST_F(kvm, a_virtual_machine_may_go_first)
{
	int device = vfio_open_cdev(self->bdf);

	ASSERT_LE(0, device);
	ASSERT_EQ(0, kvm_add(self->kvm, device));
	ASSERT_EQ(0, bind_to(device, self->iommu));
	close(self->kvm);
	close(self->vm);
	EXPECT_EQ(0, attach(device, self->ioas));
	close(device);
	self->vm = -1;
	self->kvm = -1;
}

TEST_HARNESS_MAIN
