// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices without an IOMMU: who can have them, what they are told, and real DMA
 * to physical addresses.
 *
 * EDU0 and EDU1 name edu devices, and PEER one whose BAR 2 is memory. On a
 * machine without an IOMMU, with vfio.enable_unsafe_noiommu_mode=1, and all
 * bound to vfio-pci, everything here runs. Elsewhere it is tested that nobody
 * gets a physical address.
 *
 * The second opinion on where memory is comes from /proc/self/pagemap.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "edu_device.h"
#include "host.h"
#include "mdev_device.h"
#include "mock.h"
#include "type1_fixture.h"
#include "vfio_ioctl.h"
#include "../../../iommu/kernel-log.h"
#include "harness.h"

#define COOKIE		0x6e6f696f6d6d75ULL
#define IOVA		0x123456000ULL
#define NO_ID		0xffffffU
#define PAGES		64
#define HUGETLB_SIZE	0x200000UL

#define PARAMETER	"/sys/module/vfio/parameters/enable_unsafe_noiommu_mode"

/* How the harness knows; returning from the setup would run the test */
#define SKIPPED		255

/* Less than a node of the table, in bytes */
#define FAILSLAB_STEP	200

/* What a transfer of edu takes, in us */
#define EDU_TRANSFER	100000
#define KILLS		5

static void fill(void *p, size_t length, __u32 seed)
{
	for (size_t i = 0; i < length / 4; i++)
		((__u32 *)p)[i] = seed * 2654435761u + i;
}

static bool is_filled(const void *p, size_t length, __u32 seed)
{
	for (size_t i = 0; i < length / 4; i++)
		if (((const __u32 *)p)[i] != seed * 2654435761u + i)
			return false;
	return true;
}

static int get_pa(int fd, __u32 ioas, __u64 iova, __u64 *phys)
{
	__u64 length = 0;

	return ioas_noiommu_get_pa(fd, ioas, iova, phys, &length);
}

static int get_pa_error(int fd, __u32 ioas, __u64 iova)
{
	__u64 phys;

	return get_pa(fd, ioas, iova, &phys);
}

static int edu_attach(struct edu_device *edu, __u32 pt)
{
	return edu_device_attach(edu, &pt);
}

/* Has a device of this machine, that vfio-pci has, no IOMMU? */
static bool has_noiommu(const char *device)
{
	char path[512];

	return device && !vfio_cdev_path(device, path, sizeof(path)) &&
	       !strncmp(strrchr(path, '/') + 1, "noiommu-vfio", 12);
}

/* A device without any DMA: its driver uses the memory by IOVA */
struct emulated {
	struct mdev mdev;
	int fd;
};

/* Bound and attached; -ENODEV if the kernel has none */
static int emulated_open(struct emulated *dev, int iommufd, __u32 ioas)
{
	int rc = mdev_create(&dev->mdev, "mdev_test", "mdev_test-pin", 0);

	if (rc)
		return rc == -ENOENT ? -ENODEV : rc;
	dev->fd = vfio_open_cdev(dev->mdev.path);
	if (dev->fd < 0)
		return dev->fd;
	return bind_to(dev->fd, iommufd) ?: attach(dev->fd, ioas);
}

static int emulated_close(struct emulated *dev)
{
	close(dev->fd);
	return mdev_remove(&dev->mdev);
}

/*
 * On every machine: an IOAS, with memory mapped and no device
 */
FIXTURE(anywhere)
{
	int fd;
	__u32 ioas;
	__u8 *memory;
};

FIXTURE_SETUP(anywhere)
{
	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->ioas));
	self->memory = memory_map(PAGES * page_size);
	ASSERT_NE(NULL, self->memory);
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    PAGES * page_size, IOVA));
}

FIXTURE_TEARDOWN(anywhere)
{
	EXPECT_EQ(0, close(self->fd));
}

TEST_F(anywhere, no_address_without_a_device)
{
	EXPECT_EQ(-ENODEV, get_pa_error(self->fd, self->ioas, IOVA));
}

TEST_F(anywhere, no_address_with_a_device_behind_an_iommu)
{
	struct mock_device dev;

	ASSERT_EQ(0, ioas_unmap_all(self->fd, self->ioas, NULL));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, MOCK_APERTURE_START));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	EXPECT_EQ(-ENODEV, get_pa_error(self->fd, self->ioas,
					MOCK_APERTURE_START));
}

TEST_F(anywhere, no_address_with_a_real_device_behind_an_iommu)
{
	struct edu_device edu;

	if (!getenv("EDU0") || has_noiommu(getenv("EDU0")))
		SKIP(return, "no device behind an IOMMU");
	ASSERT_EQ(0, ioas_unmap_all(self->fd, self->ioas, NULL));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, 0x100000));
	ASSERT_EQ(0, edu_device_open(&edu, getenv("EDU0")));
	ASSERT_EQ(0, edu_device_bind(&edu, self->fd, COOKIE));
	ASSERT_EQ(0, edu_attach(&edu, self->ioas));
	EXPECT_EQ(-ENODEV, get_pa_error(self->fd, self->ioas, 0x100000));
	edu_device_close(&edu);
}

TEST_F(anywhere, no_address_with_an_emulated_device)
{
	struct emulated dev;
	int rc = emulated_open(&dev, self->fd, self->ioas);

	if (rc == -ENODEV)
		SKIP(return, "no mdev_test");
	ASSERT_EQ(0, rc);
	EXPECT_EQ(-ENODEV, get_pa_error(self->fd, self->ioas, IOVA));
	/* also of memory that is pinned */
	ASSERT_EQ(0, mdev_pin(dev.fd, IOVA, page_size));
	ASSERT_EQ(page_size, pinned_bytes(self->fd));
	EXPECT_EQ(-ENODEV, get_pa_error(self->fd, self->ioas, IOVA));
	EXPECT_EQ(-ENODEV, get_pa_error(self->fd, self->ioas,
					IOVA + PAGES * page_size));
	EXPECT_EQ(0, emulated_close(&dev));
}

TEST_F(anywhere, no_address_for_who_may_not_know)
{
	ASSERT_EQ(0, set_capability(CAP_SYS_RAWIO, false));
	EXPECT_EQ(-EPERM, get_pa_error(self->fd, self->ioas, IOVA));
	EXPECT_EQ(-EPERM, get_pa_error(self->fd, NO_ID, IOVA));
	ASSERT_EQ(0, set_capability(CAP_SYS_RAWIO, true));
	EXPECT_EQ(-ENODEV, get_pa_error(self->fd, self->ioas, IOVA));
}

TEST_F(anywhere, flags_and_reserved_are_not_supported)
{
	struct iommu_ioas_noiommu_get_pa cmd = {
		.size = sizeof(cmd),
		.ioas_id = self->ioas,
		.iova = IOVA,
	};

	for (int bit = 0; bit < 32; bit++) {
		cmd.flags = 1U << bit;
		EXPECT_EQ(-EOPNOTSUPP,
			  iommu_ioctl(self->fd, IOMMU_IOAS_NOIOMMU_GET_PA, &cmd));
	}
	cmd.flags = 0;
	cmd.__reserved = 1;
	EXPECT_EQ(-EOPNOTSUPP,
		  iommu_ioctl(self->fd, IOMMU_IOAS_NOIOMMU_GET_PA, &cmd));
}

TEST_F(anywhere, struct_has_one_size)
{
	struct {
		struct iommu_ioas_noiommu_get_pa cmd;
		__u64 more;
	} arg = {
		.cmd = { .size = sizeof(arg.cmd) - 1, .ioas_id = self->ioas },
	};
	int fd = self->fd;

	EXPECT_EQ(-EINVAL, iommu_ioctl(fd, IOMMU_IOAS_NOIOMMU_GET_PA, &arg));
	arg.cmd.size = sizeof(arg);
	EXPECT_EQ(-ENODEV, iommu_ioctl(fd, IOMMU_IOAS_NOIOMMU_GET_PA, &arg));
	arg.more = 1;
	EXPECT_EQ(-E2BIG, iommu_ioctl(fd, IOMMU_IOAS_NOIOMMU_GET_PA, &arg));
	EXPECT_EQ(-EFAULT, iommu_ioctl(fd, IOMMU_IOAS_NOIOMMU_GET_PA, NULL));
}

TEST_F(anywhere, id_must_be_that_of_an_ioas)
{
	struct mock_device dev;
	__u32 ioas;

	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	ASSERT_EQ(0, mock_device(self->fd, ioas, &dev));
	EXPECT_EQ(-ENOENT, get_pa_error(self->fd, NO_ID, IOVA));
	EXPECT_EQ(-ENOENT, get_pa_error(self->fd, 0, IOVA));
	EXPECT_EQ(-ENOENT, get_pa_error(self->fd, dev.idev, IOVA));
	EXPECT_EQ(-ENOENT, get_pa_error(self->fd, dev.hwpt, IOVA));
}

/*
 * Who can have a device without an IOMMU: it is open, and not bound
 */
FIXTURE(unbound)
{
	const char *bdf;
	int fd;
	int device;
};

FIXTURE_SETUP(unbound)
{
	self->bdf = getenv("EDU0");
	self->device = -1;
	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	if (!has_noiommu(self->bdf))
		SKIP(_exit(SKIPPED), "no device without an IOMMU in EDU0");
	self->device = vfio_open_cdev(self->bdf);
	ASSERT_LE(0, self->device);
}

FIXTURE_TEARDOWN(unbound)
{
	close(self->device);
	close(self->fd);
}

TEST_F(unbound, node_is_for_root_only)
{
	unsigned int major_nr, minor_nr;
	char path[512], dev[1024];
	struct stat st;
	FILE *file;

	ASSERT_EQ(0, vfio_cdev_path(self->bdf, path, sizeof(path)));
	ASSERT_EQ(0, stat(path, &st));
	EXPECT_EQ(S_IFCHR | 0600, st.st_mode);
	snprintf(dev, sizeof(dev), "/sys/bus/pci/devices/%s/vfio-dev/%s/dev",
		 self->bdf, strrchr(path, '/') + 1);
	file = fopen(dev, "r");
	ASSERT_NE(NULL, file);
	ASSERT_EQ(2, fscanf(file, "%u:%u", &major_nr, &minor_nr));
	fclose(file);
	EXPECT_EQ(makedev(major_nr, minor_nr), st.st_rdev);
}

TEST_F(unbound, open_needs_the_capability)
{
	ASSERT_EQ(0, set_capability(CAP_SYS_RAWIO, false));
	EXPECT_EQ(-EPERM, vfio_open_cdev(self->bdf));
}

TEST_F(unbound, bind_needs_the_capability)
{
	ASSERT_EQ(0, set_capability(CAP_SYS_RAWIO, false));
	EXPECT_EQ(-EPERM, bind_to(self->device, self->fd));
	EXPECT_EQ(-EINVAL, get_info(self->device));
	ASSERT_EQ(0, set_capability(CAP_SYS_RAWIO, true));
	EXPECT_EQ(0, bind_to(self->device, self->fd));
}

/* Tainted it is from registration on, as for groups; bind adds who it was */
TEST_F(unbound, bind_is_logged_and_the_kernel_tainted)
{
	int log = kernel_log_open();

	ASSERT_LE(0, log);
	ASSERT_EQ(0, bind_to(self->device, self->fd));
	EXPECT_TRUE(is_logged(log, self->bdf, "without an IOMMU"));
	EXPECT_NE(0, kernel_taint() & TAINTED_USER);
	close(log);
}

TEST_F(unbound, bind_is_refused_while_the_mode_is_off)
{
	ASSERT_EQ(0, write_file(PARAMETER, "N"));
	EXPECT_EQ(-EPERM, bind_to(self->device, self->fd));
	ASSERT_EQ(0, write_file(PARAMETER, "Y"));
	EXPECT_EQ(0, bind_to(self->device, self->fd));
}

TEST_F(unbound, no_device_file_comes_while_the_mode_is_off)
{
	char path[512];

	close(self->device);
	self->device = -1;
	ASSERT_EQ(0, write_file("/sys/bus/pci/drivers/vfio-pci/unbind",
				self->bdf));
	ASSERT_EQ(0, write_file(PARAMETER, "N"));
	EXPECT_GT(0, write_file("/sys/bus/pci/drivers/vfio-pci/bind",
				self->bdf));
	EXPECT_GT(0, vfio_cdev_path(self->bdf, path, sizeof(path)));
	EXPECT_GT(0, vfio_group_number(self->bdf));
	ASSERT_EQ(0, write_file(PARAMETER, "Y"));
	ASSERT_EQ(0, write_file("/sys/bus/pci/drivers/vfio-pci/bind",
				self->bdf));
	self->device = vfio_open_cdev(self->bdf);
	ASSERT_LE(0, self->device);
	EXPECT_EQ(0, bind_to(self->device, self->fd));
}

TEST_F(unbound, one_user_at_a_time)
{
	int fd = iommu_open();
	int device = vfio_open_cdev(self->bdf);

	ASSERT_LE(0, device);
	ASSERT_EQ(0, bind_to(self->device, self->fd));
	EXPECT_EQ(-EBUSY, bind_to(device, self->fd));
	EXPECT_EQ(-EBUSY, bind_to(device, fd));
	close(self->device);
	self->device = -1;
	EXPECT_EQ(0, bind_to(device, fd));
	close(device);
	close(fd);
}

static int legacy_open_noiommu(struct legacy *legacy, const char *bdf)
{
	legacy->fd = -1;
	legacy->container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	legacy->group = vfio_open_group(bdf);
	if (legacy->group < 0)
		return legacy->group;
	if (ioctl(legacy->group, VFIO_GROUP_SET_CONTAINER, &legacy->container))
		return -errno;
	if (ioctl(legacy->container, VFIO_SET_IOMMU, VFIO_NOIOMMU_IOMMU))
		return -errno;
	legacy->fd = ioctl(legacy->group, VFIO_GROUP_GET_DEVICE_FD, bdf);
	return legacy->fd < 0 ? -errno : 0;
}

TEST_F(unbound, group_works_as_ever_and_excludes_the_device_file)
{
	struct legacy legacy;

	ASSERT_EQ(0, legacy_open_noiommu(&legacy, self->bdf));
	EXPECT_EQ(0, get_info(legacy.fd));
	EXPECT_EQ(-ENOTTY, bind_to(legacy.fd, self->fd));
	EXPECT_EQ(-EBUSY, bind_to(self->device, self->fd));
	legacy_close(&legacy);
	ASSERT_EQ(0, bind_to(self->device, self->fd));
	EXPECT_EQ(-EBUSY, vfio_open_group(self->bdf));
}

/* The device file of one, the group of the other, on one IOMMU fd */
TEST_F(unbound, group_shares_an_iommufd_with_a_bound_device)
{
	int device, group = vfio_open_group(getenv("EDU1"));
	__u32 ioas;

	ASSERT_LE(0, group);
	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	ASSERT_EQ(0, bind_to(self->device, self->fd));
	ASSERT_EQ(0, attach(self->device, ioas));
	ASSERT_EQ(0, set_container(group, self->fd));
	ASSERT_EQ(0, set_iommu(self->fd, VFIO_NOIOMMU_IOMMU));
	device = group_device(group, getenv("EDU1"));
	ASSERT_LE(0, device);
	EXPECT_EQ(-ENOENT, get_pa_error(self->fd, ioas, IOVA));
	/* Of the two only the bound one had an address space */
	EXPECT_EQ(0, detach(self->device));
	EXPECT_EQ(-ENODEV, get_pa_error(self->fd, ioas, IOVA));
	EXPECT_EQ(0, get_info(device));
	close(device);
	close(group);
}

/* An IOAS that was chosen makes an IOMMU fd a container without any group */
TEST_F(unbound, group_does_not_join_a_container_of_type1)
{
	int group = vfio_open_group(self->bdf);
	__u32 ioas;

	ASSERT_LE(0, group);
	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	ASSERT_EQ(0, vfio_ioas(self->fd, IOMMU_VFIO_IOAS_SET, &ioas));
	ASSERT_EQ(0, set_iommu(self->fd, VFIO_TYPE1v2_IOMMU));
	EXPECT_EQ(-EPERM, set_container(group, self->fd));
	ASSERT_EQ(0, vfio_ioas(self->fd, IOMMU_VFIO_IOAS_CLEAR, &ioas));
	EXPECT_EQ(0, set_container(group, self->fd));
	close(group);
}

/*
 * The group of a device without an IOMMU, open, and a container of either kind
 */
FIXTURE(group)
{
	const char *bdf;
	int container;
	int group;
};

FIXTURE_VARIANT(group)
{
	const char *path;
};

FIXTURE_VARIANT_ADD(group, vfio)
{
	.path = TYPE1_CONTAINER,
};

FIXTURE_VARIANT_ADD(group, iommufd)
{
	.path = IOMMUFD_CONTAINER,
};

FIXTURE_SETUP(group)
{
	self->bdf = getenv("EDU0");
	self->group = -1;
	self->container = container_open(variant->path);
	ASSERT_LE(0, self->container);
	if (!has_noiommu(self->bdf))
		SKIP(_exit(SKIPPED), "no device without an IOMMU in EDU0");
	self->group = vfio_open_group(self->bdf);
	ASSERT_LE(0, self->group);
}

FIXTURE_TEARDOWN(group)
{
	close(self->group);
	close(self->container);
}

TEST_F(group, container_is_of_the_kind_without_iommu_only)
{
	EXPECT_EQ(1, check_extension(self->container, VFIO_NOIOMMU_IOMMU));
	EXPECT_EQ(-EINVAL, set_iommu(self->container, VFIO_NOIOMMU_IOMMU));
	ASSERT_EQ(0, set_container(self->group, self->container));
	EXPECT_EQ(1, check_extension(self->container, VFIO_NOIOMMU_IOMMU));
	EXPECT_EQ(0, check_extension(self->container, VFIO_TYPE1v2_IOMMU));
	EXPECT_EQ(0, check_extension(self->container, VFIO_DMA_CC_IOMMU));
	EXPECT_EQ(-ENODEV, set_iommu(self->container, VFIO_TYPE1_IOMMU));
	EXPECT_EQ(-ENODEV, set_iommu(self->container, VFIO_TYPE1v2_IOMMU));
	EXPECT_EQ(-ENODEV, set_iommu(self->container,
				     VFIO_TYPE1_NESTING_IOMMU));
	ASSERT_EQ(0, set_iommu(self->container, VFIO_NOIOMMU_IOMMU));
	EXPECT_EQ(1, check_extension(self->container, VFIO_NOIOMMU_IOMMU));
	EXPECT_EQ(0, check_extension(self->container, VFIO_TYPE1v2_IOMMU));
	EXPECT_EQ(-EINVAL, set_iommu(self->container, VFIO_NOIOMMU_IOMMU));
}

TEST_F(group, container_maps_nothing)
{
	union {
		struct vfio_iommu_type1_info info;
		__u8 room[INFO_SIZE];
	} buffer;
	void *memory = memory_map(page_size);

	ASSERT_EQ(0, set_container(self->group, self->container));
	ASSERT_EQ(0, set_iommu(self->container, VFIO_NOIOMMU_IOMMU));
	EXPECT_EQ(-ENOTTY, map_dma(self->container, memory, IOVA, page_size));
	EXPECT_EQ(-ENOTTY, unmap_dma(self->container, IOVA, page_size, NULL));
	EXPECT_EQ(-ENOTTY, container_info(self->container, &buffer.info));
	EXPECT_EQ(-ENOTTY, dirty_flags(self->container, DIRTY_START));
}

TEST_F(group, device_works_and_keeps_the_group_there)
{
	int device;

	EXPECT_EQ(-EINVAL, group_device(self->group, self->bdf));
	ASSERT_EQ(0, set_container(self->group, self->container));
	EXPECT_EQ(-EINVAL, group_device(self->group, self->bdf));
	ASSERT_EQ(0, set_iommu(self->container, VFIO_NOIOMMU_IOMMU));
	device = group_device(self->group, self->bdf);
	ASSERT_LE(0, device);
	EXPECT_EQ(0, get_info(device));
	EXPECT_EQ(-EBUSY, unset_container(self->group));
	EXPECT_EQ(0, close(device));
	EXPECT_EQ(0, unset_container(self->group));
	/* As new */
	ASSERT_EQ(0, set_container(self->group, self->container));
	EXPECT_EQ(0, set_iommu(self->container, VFIO_NOIOMMU_IOMMU));
}

TEST_F(group, each_step_needs_the_capability)
{
	ASSERT_EQ(0, set_capability(CAP_SYS_RAWIO, false));
	EXPECT_EQ(-EPERM, set_container(self->group, self->container));
	ASSERT_EQ(0, set_capability(CAP_SYS_RAWIO, true));
	ASSERT_EQ(0, set_container(self->group, self->container));
	ASSERT_EQ(0, set_capability(CAP_SYS_RAWIO, false));
	EXPECT_EQ(-EPERM, set_iommu(self->container, VFIO_NOIOMMU_IOMMU));
	ASSERT_EQ(0, set_capability(CAP_SYS_RAWIO, true));
	ASSERT_EQ(0, set_iommu(self->container, VFIO_NOIOMMU_IOMMU));
	ASSERT_EQ(0, set_capability(CAP_SYS_RAWIO, false));
	EXPECT_EQ(-EPERM, group_device(self->group, self->bdf));
}

/*
 * A bound device without an IOMMU, and an IOAS with @memory at IOVA that it is
 * not attached to yet. The pages of @memory are not contiguous.
 */
FIXTURE(noiommu)
{
	int fd;
	__u32 ioas;
	struct edu_device edu;
	__u8 *memory;
	__u64 length;
};

/* Pages in the order of one that the kernel would not choose */
static __u8 *shuffled_memory(unsigned int npages)
{
	__u8 *p = mmap(NULL, npages * page_size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	madvise(p, npages * page_size, MADV_NOHUGEPAGE);
	for (unsigned int i = 0; i < npages; i++)
		p[(i * 29 % npages) * page_size] = 1;
	return p;
}

FIXTURE_SETUP(noiommu)
{
	self->length = PAGES * page_size;
	self->edu.fd = -1;
	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	if (!has_noiommu(getenv("EDU0")))
		SKIP(_exit(SKIPPED), "no device without an IOMMU in EDU0");
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->ioas));
	ASSERT_EQ(0, edu_device_open(&self->edu, getenv("EDU0")));
	ASSERT_EQ(0, edu_device_bind(&self->edu, self->fd, COOKIE));
	self->memory = shuffled_memory(PAGES);
	ASSERT_NE(NULL, self->memory);
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    self->length, IOVA));
}

FIXTURE_TEARDOWN(noiommu)
{
	edu_device_close(&self->edu);
	EXPECT_EQ(0, close(self->fd));
}

TEST_F(noiommu, device_reads_and_writes_physical_addresses)
{
	__u64 from, to;

	ASSERT_EQ(0, edu_attach(&self->edu, self->ioas));
	ASSERT_EQ(0, get_pa(self->fd, self->ioas, IOVA + 3 * page_size, &from));
	ASSERT_EQ(0, get_pa(self->fd, self->ioas, IOVA + 8 * page_size, &to));
	ASSERT_NE(from, to);
	fill(self->memory + 3 * page_size, EDU_MEMORY_SIZE, 1);
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_FROM_MEMORY, from,
			     EDU_MEMORY_SIZE));
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_TO_MEMORY, to,
			     EDU_MEMORY_SIZE));
	EXPECT_TRUE(is_filled(self->memory + 8 * page_size, EDU_MEMORY_SIZE, 1));
	/* and only there */
	EXPECT_EQ(0, self->memory[7 * page_size + 1]);
	EXPECT_EQ(0, self->memory[9 * page_size + 1]);
}

TEST_F(noiommu, every_page_is_where_the_process_has_it)
{
	__u8 *end = self->memory + self->length;
	unsigned int runs = 0;

	ASSERT_EQ(0, edu_attach(&self->edu, self->ioas));
	for (__u8 *p = self->memory; p < end; p += page_size) {
		__u64 phys, length = 0, offset = (p - self->memory) % 4095;

		ASSERT_NE(0, phys_of(p));
		ASSERT_EQ(0, ioas_noiommu_get_pa(self->fd, self->ioas,
						 IOVA + (p - self->memory) +
						 offset, &phys, &length));
		ASSERT_EQ(phys_of(p + offset), phys);
		ASSERT_EQ(contiguous(p + offset, end), length);
		runs += length < page_size;
	}
	/* or the test shows little */
	EXPECT_LT(PAGES / 4, runs);
}

TEST_F(noiommu, length_does_not_matter_before_the_call)
{
	__u64 phys, length = 0, same = UINT64_MAX;

	ASSERT_EQ(0, edu_attach(&self->edu, self->ioas));
	ASSERT_EQ(0, ioas_noiommu_get_pa(self->fd, self->ioas, IOVA, &phys,
					 &length));
	ASSERT_EQ(0, ioas_noiommu_get_pa(self->fd, self->ioas, IOVA, &phys,
					 &same));
	EXPECT_EQ(length, same);
}

/* One block of physical memory, in two mappings side by side */
static __u8 *map_huge(int fd, __u32 ioas, __u64 iova)
{
	__u8 *p = mmap(NULL, HUGETLB_SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	size_t part = 5 * page_size;

	if (p == MAP_FAILED ||
	    ioas_map_fixed(fd, ioas, p, part, iova) ||
	    ioas_map_fixed(fd, ioas, p + part, HUGETLB_SIZE - part,
			   iova + part))
		return NULL;
	return p;
}

TEST_F(noiommu, contiguous_memory_ends_with_its_mapping)
{
	__u64 iova = IOVA + (1ULL << 30), part = 5 * page_size, phys, length;
	__u8 *p = map_huge(self->fd, self->ioas, iova);

	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, edu_attach(&self->edu, self->ioas));
	ASSERT_EQ(0, ioas_noiommu_get_pa(self->fd, self->ioas, iova, &phys,
					 &length));
	EXPECT_EQ(phys_of(p), phys);
	EXPECT_EQ(part, length);
	for (__u64 at = part; at < HUGETLB_SIZE; at += 77777) {
		ASSERT_EQ(0, ioas_noiommu_get_pa(self->fd, self->ioas, iova + at,
						 &phys, &length));
		EXPECT_EQ(phys_of(p) + at, phys);
		EXPECT_EQ(HUGETLB_SIZE - at, length);
	}
}

/* Many entries of one page each are one run nevertheless */
TEST_F(noiommu, small_pages_are_one_run)
{
	__u64 iova = IOVA + (1ULL << 30), part = 5 * page_size, phys, length;
	__u8 *p;

	ASSERT_EQ(0, edu_attach(&self->edu, self->ioas));
	ASSERT_EQ(0, ioas_unmap_all(self->fd, self->ioas, NULL));
	ASSERT_EQ(0, option_set(self->fd, IOMMU_OPTION_HUGE_PAGES, self->ioas,
				0));
	p = map_huge(self->fd, self->ioas, iova);
	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, ioas_noiommu_get_pa(self->fd, self->ioas, iova + part + 1,
					 &phys, &length));
	EXPECT_EQ(phys_of(p) + part + 1, phys);
	EXPECT_EQ(HUGETLB_SIZE - part - 1, length);
	EXPECT_EQ(0, ioas_unmap_all(self->fd, self->ioas, NULL));
	EXPECT_EQ(0, pinned_bytes(self->fd));
}

TEST_F(noiommu, no_address_of_what_is_not_mapped)
{
	ASSERT_EQ(0, edu_attach(&self->edu, self->ioas));
	EXPECT_EQ(-ENOENT, get_pa_error(self->fd, self->ioas, 0));
	EXPECT_EQ(-ENOENT, get_pa_error(self->fd, self->ioas, UINT64_MAX));
	EXPECT_EQ(-ENOENT, get_pa_error(self->fd, self->ioas, IOVA - 1));
	EXPECT_EQ(-ENOENT, get_pa_error(self->fd, self->ioas,
					IOVA + self->length));
	EXPECT_EQ(0, get_pa_error(self->fd, self->ioas, IOVA));
	EXPECT_EQ(0, get_pa_error(self->fd, self->ioas,
				  IOVA + self->length - 1));
	ASSERT_EQ(0, ioas_unmap_all(self->fd, self->ioas, NULL));
	EXPECT_EQ(-ENOENT, get_pa_error(self->fd, self->ioas, IOVA));
}

TEST_F(noiommu, addresses_end_with_detach_and_move)
{
	__u32 other;

	EXPECT_EQ(-ENODEV, get_pa_error(self->fd, self->ioas, IOVA));
	ASSERT_EQ(0, edu_attach(&self->edu, self->ioas));
	EXPECT_EQ(0, get_pa_error(self->fd, self->ioas, IOVA));
	ASSERT_EQ(0, ioas_alloc(self->fd, &other));
	ASSERT_EQ(0, edu_attach(&self->edu, other));
	EXPECT_EQ(-ENODEV, get_pa_error(self->fd, self->ioas, IOVA));
	EXPECT_EQ(-ENOENT, get_pa_error(self->fd, other, IOVA));
	ASSERT_EQ(0, edu_attach(&self->edu, self->ioas));
	EXPECT_EQ(0, get_pa_error(self->fd, self->ioas, IOVA));
	EXPECT_EQ(-ENODEV, get_pa_error(self->fd, other, IOVA));
	ASSERT_EQ(0, edu_device_detach(&self->edu));
	EXPECT_EQ(-ENODEV, get_pa_error(self->fd, self->ioas, IOVA));
}

TEST_F(noiommu, table_of_nobody_gives_no_address)
{
	__u32 hwpt;

	ASSERT_EQ(0, hwpt_alloc(self->fd, self->edu.dev_id, self->ioas, 0,
				&hwpt));
	EXPECT_EQ(self->length, pinned_bytes(self->fd));
	EXPECT_EQ(-ENODEV, get_pa_error(self->fd, self->ioas, IOVA));
	ASSERT_EQ(0, edu_attach(&self->edu, hwpt));
	EXPECT_EQ(0, get_pa_error(self->fd, self->ioas, IOVA));
	EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, hwpt));
	ASSERT_EQ(0, edu_attach(&self->edu, self->ioas));
	EXPECT_EQ(0, get_pa_error(self->fd, self->ioas, IOVA));
	EXPECT_EQ(0, iommu_destroy(self->fd, hwpt));
	EXPECT_EQ(0, get_pa_error(self->fd, self->ioas, IOVA));
}

TEST_F(noiommu, table_can_do_nothing_special)
{
	static const __u32 flags[] = {
		IOMMU_HWPT_ALLOC_NEST_PARENT,
		IOMMU_HWPT_ALLOC_DIRTY_TRACKING,
		IOMMU_HWPT_FAULT_ID_VALID,
		IOMMU_HWPT_ALLOC_PASID,
	};
	__u32 hwpt;

	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++)
		EXPECT_EQ(-EOPNOTSUPP, hwpt_alloc(self->fd, self->edu.dev_id,
						  self->ioas, flags[i],
						  &hwpt));
	EXPECT_EQ(-EOPNOTSUPP, hwpt_alloc_data(self->fd, self->edu.dev_id,
					       self->ioas, 0, 1, &hwpt,
					       sizeof(hwpt), &hwpt));
}

TEST_F(noiommu, devices_share_a_table)
{
	struct edu_device other;
	__u32 pt = self->ioas, hwpt = self->ioas;

	if (!has_noiommu(getenv("EDU1")))
		SKIP(return, "no device without an IOMMU in EDU1");
	ASSERT_EQ(0, edu_device_open(&other, getenv("EDU1")));
	ASSERT_EQ(0, edu_device_bind(&other, self->fd, COOKIE + 1));
	ASSERT_EQ(0, edu_device_attach(&self->edu, &hwpt));
	ASSERT_EQ(0, edu_device_attach(&other, &pt));
	EXPECT_EQ(hwpt, pt);
	EXPECT_EQ(self->length, pinned_bytes(self->fd));
	ASSERT_EQ(0, edu_device_detach(&self->edu));
	EXPECT_EQ(0, get_pa_error(self->fd, self->ioas, IOVA));
	edu_device_close(&other);
	EXPECT_EQ(-ENODEV, get_pa_error(self->fd, self->ioas, IOVA));
	EXPECT_EQ(0, pinned_bytes(self->fd));
}

/* The process gives its page up; the device and the mapping keep it */
TEST_F(noiommu, memory_stays_until_it_is_unmapped)
{
	__u64 before, after;

	ASSERT_EQ(0, edu_attach(&self->edu, self->ioas));
	EXPECT_EQ(self->length, pinned_bytes(self->fd));
	ASSERT_EQ(0, get_pa(self->fd, self->ioas, IOVA, &before));
	fill(self->memory, EDU_MEMORY_SIZE, 2);
	ASSERT_EQ(0, madvise(self->memory, page_size, MADV_DONTNEED));
	fill(self->memory, EDU_MEMORY_SIZE, 3);
	EXPECT_NE(before, phys_of(self->memory));
	ASSERT_EQ(0, get_pa(self->fd, self->ioas, IOVA, &after));
	EXPECT_EQ(before, after);
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_FROM_MEMORY, before,
			     EDU_MEMORY_SIZE));
	EXPECT_TRUE(is_filled(self->memory, EDU_MEMORY_SIZE, 3));
	ASSERT_EQ(0, get_pa(self->fd, self->ioas, IOVA + page_size, &after));
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_TO_MEMORY, after,
			     EDU_MEMORY_SIZE));
	EXPECT_TRUE(is_filled(self->memory + page_size, EDU_MEMORY_SIZE, 2));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA, self->length));
	EXPECT_EQ(0, pinned_bytes(self->fd));
	EXPECT_EQ(0, system_pins());
}

TEST_F(noiommu, pinned_memory_is_charged)
{
	struct rlimit limit = { self->length, self->length };
	__u8 *more = memory_map(page_size);

	/* what the process locks, as others of root may pin, too */
	edu_device_close(&self->edu);
	close(self->fd);
	self->fd = iommu_open();
	ASSERT_EQ(0, option_set(self->fd, IOMMU_OPTION_RLIMIT_MODE, 0, 1));
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->ioas));
	ASSERT_EQ(0, edu_device_open(&self->edu, getenv("EDU0")));
	ASSERT_EQ(0, edu_device_bind(&self->edu, self->fd, COOKIE));
	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &limit));
	ASSERT_EQ(0, set_capability(CAP_IPC_LOCK, false));

	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    self->length, IOVA));
	ASSERT_EQ(0, edu_attach(&self->edu, self->ioas));
	EXPECT_EQ(PAGES, status_pages("VmPin"));
	EXPECT_EQ(-ENOMEM, ioas_map_fixed(self->fd, self->ioas, more, page_size,
					  IOVA + self->length));
	ASSERT_EQ(0, edu_device_detach(&self->edu));
	EXPECT_EQ(0, status_pages("VmPin"));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, more, page_size,
				    IOVA + self->length));
	EXPECT_EQ(-ENOMEM, edu_attach(&self->edu, self->ioas));
	EXPECT_EQ(0, status_pages("VmPin"));
}

TEST_F(noiommu, copy_is_at_the_same_address)
{
	__u64 copy = IOVA + (1ULL << 30), one, two;

	ASSERT_EQ(0, edu_attach(&self->edu, self->ioas));
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, self->ioas, self->ioas,
				     self->length, copy, IOVA));
	ASSERT_EQ(0, get_pa(self->fd, self->ioas, IOVA + page_size, &one));
	ASSERT_EQ(0, get_pa(self->fd, self->ioas, copy + page_size, &two));
	EXPECT_EQ(one, two);
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA, self->length));
	ASSERT_EQ(0, get_pa(self->fd, self->ioas, copy + page_size, &two));
	EXPECT_EQ(one, two);
}

/* Tables of both kinds are filled from each other */
TEST_F(noiommu, ioas_can_have_devices_of_both_kinds)
{
	__u64 iova = MOCK_APERTURE_START, phys;
	__u32 ioas, hwpt = 0;
	struct mock_device dev;

	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, ioas, self->memory, self->length,
				    iova));
	/* ours is the first table */
	ASSERT_EQ(0, edu_attach(&self->edu, ioas));
	ASSERT_EQ(0, mock_device(self->fd, ioas, &dev));
	EXPECT_EQ(0, mock_check_map(self->fd, dev.hwpt, iova, self->memory,
				    self->length));
	EXPECT_EQ(-EINVAL, edu_attach(&self->edu, dev.hwpt));

	/* the other one is */
	ASSERT_EQ(0, edu_device_detach(&self->edu));
	EXPECT_EQ(-ENODEV, get_pa_error(self->fd, ioas, iova));
	ASSERT_EQ(0, mock_check_map(self->fd, dev.hwpt, iova, self->memory,
				    self->length));
	hwpt = ioas;
	ASSERT_EQ(0, edu_device_attach(&self->edu, &hwpt));
	EXPECT_NE(dev.hwpt, hwpt);
	EXPECT_EQ(-EINVAL, mock_replace(self->fd, dev.stdev, hwpt, NULL));
	for (unsigned int i = 0; i < PAGES; i++) {
		__u8 *p = self->memory + i * page_size;

		ASSERT_EQ(0, get_pa(self->fd, ioas, iova + i * page_size, &phys));
		ASSERT_EQ(phys_of(p), phys);
	}
	EXPECT_EQ(self->length, pinned_bytes(self->fd));
	ASSERT_EQ(0, ioas_unmap_all(self->fd, ioas, NULL));
	EXPECT_EQ(0, pinned_bytes(self->fd));
}

TEST_F(noiommu, emulated_device_has_the_same_memory)
{
	__u8 data[EDU_MEMORY_SIZE];
	struct emulated dev;
	__u64 phys, again;
	int rc = emulated_open(&dev, self->fd, self->ioas);

	if (rc == -ENODEV)
		SKIP(return, "no mdev_test");
	ASSERT_EQ(0, rc);
	/* pinned by one, then by both, and there for both at one address */
	ASSERT_EQ(0, mdev_pin(dev.fd, IOVA + page_size, page_size));
	EXPECT_EQ(page_size, pinned_bytes(self->fd));
	EXPECT_EQ(-ENODEV, get_pa_error(self->fd, self->ioas, IOVA));
	ASSERT_EQ(0, edu_attach(&self->edu, self->ioas));
	EXPECT_EQ(self->length, pinned_bytes(self->fd));
	ASSERT_EQ(0, get_pa(self->fd, self->ioas, IOVA + page_size, &phys));
	EXPECT_EQ(phys_of(self->memory + page_size), phys);

	/* from the one device to the other, and back */
	fill(data, sizeof(data), 1);
	ASSERT_EQ(0, mdev_fill(dev.fd, data, sizeof(data)));
	ASSERT_EQ(0, mdev_command(dev.fd, MDEV_TEST_WRITE_PINNED,
				  IOVA + page_size, sizeof(data)));
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_FROM_MEMORY, phys,
			     EDU_MEMORY_SIZE));
	ASSERT_EQ(0, get_pa(self->fd, self->ioas, IOVA + 5 * page_size, &again));
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_TO_MEMORY, again,
			     EDU_MEMORY_SIZE));
	memset(data, 0, sizeof(data));
	ASSERT_EQ(0, mdev_command(dev.fd, MDEV_TEST_READ, IOVA + 5 * page_size,
				  sizeof(data)));
	ASSERT_EQ(0, mdev_dump(dev.fd, data, sizeof(data)));
	EXPECT_TRUE(is_filled(data, sizeof(data), 1));

	/* what is left when one goes is the other one's */
	ASSERT_EQ(0, edu_device_detach(&self->edu));
	EXPECT_EQ(page_size, pinned_bytes(self->fd));
	EXPECT_EQ(-ENODEV, get_pa_error(self->fd, self->ioas,
					IOVA + page_size));
	ASSERT_EQ(0, madvise(self->memory + page_size, page_size,
			     MADV_DONTNEED));
	ASSERT_EQ(0, edu_attach(&self->edu, self->ioas));
	ASSERT_EQ(0, get_pa(self->fd, self->ioas, IOVA + page_size, &again));
	EXPECT_EQ(phys, again);
	EXPECT_EQ(0, emulated_close(&dev));
	ASSERT_EQ(0, get_pa(self->fd, self->ioas, IOVA + page_size, &again));
	EXPECT_EQ(phys, again);
	EXPECT_EQ(self->length, pinned_bytes(self->fd));
}

TEST_F(noiommu, no_address_of_a_bar)
{
	struct vfio_device_bind_iommufd bind = {
		.argsz = sizeof(bind),
		.iommufd = self->fd,
	};
	__u64 offset = 0;
	int device;
	void *bar;

	if (!has_noiommu(getenv("PEER")))
		SKIP(return, "no device in PEER");
	device = vfio_open_cdev(getenv("PEER"));
	ASSERT_LE(0, device);
	ASSERT_EQ(0, bind_cmd(device, &bind));
	ASSERT_EQ(0, vfio_enable_dma(device));
	ASSERT_EQ(0, vfio_region_offset(device, VFIO_PCI_BAR2_REGION_INDEX,
					&offset));
	bar = mmap(NULL, page_size, PROT_READ | PROT_WRITE, MAP_SHARED, device,
		   offset);
	ASSERT_NE(MAP_FAILED, bar);
	ASSERT_EQ(0, edu_attach(&self->edu, self->ioas));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, bar, page_size,
				    IOVA + self->length));
	EXPECT_EQ(-EOPNOTSUPP, get_pa_error(self->fd, self->ioas,
					    IOVA + self->length));
	EXPECT_EQ(0, get_pa_error(self->fd, self->ioas, IOVA));
	munmap(bar, page_size);
	close(device);
}

TEST_F(noiommu, device_says_that_it_has_no_iommu)
{
	struct iommu_iova_range range = {};
	struct iommu_format_info format = { .format = NO_ID };
	struct iommu_device_get_info info = {
		.size = sizeof(info),
		.dev_cookie = COOKIE,
		.format_len = sizeof(format),
		.num_formats = 1,
		.num_ranges = 1,
		.formats = (uintptr_t)&format,
		.ranges = (uintptr_t)&range,
	};

	ASSERT_EQ(0, iommu_ioctl(self->fd, IOMMU_DEVICE_GET_INFO, &info));
	EXPECT_EQ(self->edu.dev_id, info.out_dev_id);
	EXPECT_EQ(IOMMU_DEVICE_CAP_NO_IOMMU,
		  info.out_caps & ~IOMMU_DEVICE_CAP_COHERENT);
#ifdef __x86_64__
	EXPECT_NE(0, info.out_caps & IOMMU_DEVICE_CAP_COHERENT);
#endif
	EXPECT_EQ(-(__u64)page_size, info.out_pgsizes);
	EXPECT_EQ(64, info.out_addr_width);
	ASSERT_EQ(1, info.num_formats);
	EXPECT_EQ(IOMMU_FORMAT_MAP_UNMAP, format.format);
	ASSERT_EQ(1, info.num_ranges);
	EXPECT_EQ(0, range.start);
	EXPECT_EQ(UINT64_MAX, range.last);
}

TEST_F(noiommu, there_is_no_hardware_to_ask_about)
{
	__u64 data = UINT64_MAX;
	struct iommu_hw_info cmd = {
		.size = sizeof(cmd),
		.dev_id = self->edu.dev_id,
		.data_uptr = (uintptr_t)&data,
		.data_len = sizeof(data),
		.out_max_pasid_log2 = 20,
	};

	ASSERT_EQ(0, iommu_ioctl(self->fd, IOMMU_GET_HW_INFO, &cmd));
	EXPECT_EQ(IOMMU_HW_INFO_TYPE_NONE, cmd.out_data_type);
	EXPECT_EQ(0, cmd.data_len);
	EXPECT_EQ(0, data);
	EXPECT_EQ(0, cmd.out_max_pasid_log2);
	EXPECT_EQ(IOMMU_HW_CAP_PCI_ATS_NOT_SUPPORTED, cmd.out_capabilities);
	cmd.flags = IOMMU_HW_INFO_FLAG_INPUT_TYPE;
	cmd.in_data_type = 1;
	EXPECT_EQ(-EOPNOTSUPP, iommu_ioctl(self->fd, IOMMU_GET_HW_INFO, &cmd));
}

TEST_F(noiommu, whole_pages_are_mapped)
{
	__u64 alignment;
	__u32 num = 0;

	ASSERT_EQ(0, edu_attach(&self->edu, self->ioas));
	EXPECT_EQ(-EMSGSIZE, ioas_iova_ranges(self->fd, self->ioas, NULL, &num,
					      &alignment));
	EXPECT_EQ(1, num);
	EXPECT_EQ(page_size, alignment);
	EXPECT_EQ(-EINVAL, ioas_map_fixed(self->fd, self->ioas, self->memory,
					  page_size / 2, IOVA + self->length));
}

/* Wherever memory runs out: then nothing is mapped, and nothing pinned */
TEST_F(noiommu, map_without_memory_undoes_all)
{
	unsigned int space, failed = 0;
	__u64 iova = IOVA;
	int make_it_fail;
	int rc = -ENOMEM;

	ASSERT_EQ(0, edu_attach(&self->edu, self->ioas));
	make_it_fail = open("/proc/self/make-it-fail", O_WRONLY);
	ASSERT_LE(0, make_it_fail);
	for (space = 1; rc && space < 0x10000; space += FAILSLAB_STEP) {
		/* no node of the table is there yet */
		iova += 1ULL << 36;
		ASSERT_EQ(0, failslab_begin(space));
		ASSERT_EQ(1, pwrite(make_it_fail, "1", 1, 0));
		rc = ioas_map_fixed(self->fd, self->ioas, self->memory,
				    self->length, iova);
		ASSERT_EQ(1, pwrite(make_it_fail, "0", 1, 0));
		ASSERT_EQ(0, failslab_end());
		if (!rc)
			break;
		failed++;
		ASSERT_EQ(-ENOMEM, rc);
		EXPECT_EQ(-ENOENT, get_pa_error(self->fd, self->ioas, iova));
		ASSERT_EQ(self->length, pinned_bytes(self->fd));
	}
	EXPECT_EQ(0, rc);
	/* an area, and several nodes */
	EXPECT_LT(4, failed);
	EXPECT_EQ(0, get_pa_error(self->fd, self->ioas, iova));
	ASSERT_EQ(0, ioas_unmap_all(self->fd, self->ioas, NULL));
	EXPECT_EQ(0, pinned_bytes(self->fd));
	close(make_it_fail);
}

/* Transfers to @memory, one after the other, until somebody ends this process */
static void transfer_forever(void *memory, int ready)
{
	int fd = iommu_open();
	struct edu_device edu;
	__u64 phys;
	__u32 ioas;

	if (fd < 0 || ioas_alloc(fd, &ioas) ||
	    edu_device_open(&edu, getenv("EDU0")) ||
	    edu_device_bind(&edu, fd, COOKIE) || edu_attach(&edu, ioas) ||
	    ioas_map_fixed(fd, ioas, memory, page_size, IOVA) ||
	    get_pa(fd, ioas, IOVA, &phys) || system_pins() <= 0 ||
	    edu_dma(&edu.engine, EDU_FROM_MEMORY, phys, EDU_MEMORY_SIZE))
		_exit(1);
	memset(memory, 0, EDU_MEMORY_SIZE);
	if (edu_dma(&edu.engine, EDU_TO_MEMORY, phys, EDU_MEMORY_SIZE) ||
	    !is_filled(memory, EDU_MEMORY_SIZE, 4) || write(ready, "", 1) != 1)
		_exit(1);
	while (!edu_dma(&edu.engine, EDU_TO_MEMORY, phys, EDU_MEMORY_SIZE))
		;
	_exit(1);
}

/*
 * The memory goes only after the driver has stopped the device, even if a
 * transfer is on its way, as it nearly always is
 */
TEST_F(noiommu, kill_ends_dma_and_leaves_no_pins)
{
	int ready[2], status;
	__u8 *shared;
	pid_t pid;
	char byte;

	shared = mmap(NULL, page_size, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, shared);
	edu_device_close(&self->edu);
	ASSERT_EQ(0, pipe(ready));
	for (int i = 0; i < KILLS; i++) {
		fill(shared, EDU_MEMORY_SIZE, 4);
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid)
			transfer_forever(shared, ready[1]);
		ASSERT_EQ(1, read(ready[0], &byte, 1));
		usleep(i * EDU_TRANSFER / KILLS);
		kill(pid, SIGKILL);
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_TRUE(WIFSIGNALED(status));
		/* from here on nobody may write but this process */
		fill(shared, EDU_MEMORY_SIZE, 5);
		EXPECT_EQ(0, system_pins());
		usleep(2 * EDU_TRANSFER);
		EXPECT_TRUE(is_filled(shared, EDU_MEMORY_SIZE, 5));
	}
	ASSERT_EQ(0, edu_device_open(&self->edu, getenv("EDU0")));
	EXPECT_EQ(0, edu_device_bind(&self->edu, self->fd, COOKIE));
}

TEST_HARNESS_MAIN
