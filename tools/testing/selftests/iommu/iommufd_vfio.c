// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO devices by their own character device: who can have a device when, what
 * each command answers, and what is left after it.
 *
 * EDU0 and EDU1 name two devices, each alone in its group, EDU_GROUP two in one
 * group, HOTRESET one behind a port of its own, all bound to vfio-pci. SRIOV,
 * if set, names a physical function of which vfio-pci can enable a virtual one.
 * DMA is the business of iommufd_edu.
 */
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "vfio_ioctl.h"
#include "harness.h"

#define COOKIE		0xc0ffee0000000001ULL

#define NO_ID		0xffffffU

/* Longer than anything here takes, in ms */
#define PATIENCE	20000

static long page_size;

static void __attribute__((constructor)) setup_page_size(void)
{
	page_size = sysconf(_SC_PAGESIZE);
}

static int driver_unbind(const char *bdf)
{
	return write_file("/sys/bus/pci/drivers/vfio-pci/unbind", bdf);
}

static int driver_bind(const char *bdf)
{
	return write_file("/sys/bus/pci/drivers/vfio-pci/bind", bdf);
}

#define HOT_RESET_DEVICES_MAX	16

struct hot_reset_info {
	struct vfio_pci_hot_reset_info head;
	struct vfio_pci_dependent_device device[HOT_RESET_DEVICES_MAX];
};

static int hot_reset_info(int device, struct hot_reset_info *info)
{
	memset(info, 0, sizeof(*info));
	info->head.argsz = sizeof(*info);
	return iommu_ioctl(device, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, info);
}

static int hot_reset(int device, __u32 count, int group)
{
	struct {
		struct vfio_pci_hot_reset head;
		__s32 group;
	} cmd = {
		.head = { .argsz = sizeof(cmd), .count = count },
		.group = group,
	};

	return iommu_ioctl(device, VFIO_DEVICE_PCI_HOT_RESET, &cmd);
}

/* The node is there and is what sysfs says, for root only */
TEST(sysfs_names_the_character_device)
{
	unsigned int major_nr, minor_nr;
	char path[512], dev[512];
	struct stat st;
	FILE *file;

	ASSERT_NE(NULL, getenv("EDU0"));
	ASSERT_EQ(0, vfio_cdev_path(getenv("EDU0"), path, sizeof(path)));
	ASSERT_EQ(0, stat(path, &st));
	EXPECT_EQ(S_IFCHR | 0600, st.st_mode);

	snprintf(dev, sizeof(dev), "/sys/bus/pci/devices/%s/vfio-dev/%s/dev",
		 getenv("EDU0"), strrchr(path, '/') + 1);
	file = fopen(dev, "r");
	ASSERT_NE(NULL, file);
	ASSERT_EQ(2, fscanf(file, "%u:%u", &major_nr, &minor_nr));
	fclose(file);
	EXPECT_EQ(makedev(major_nr, minor_nr), st.st_rdev);
}

TEST(number_without_a_device_cannot_be_opened)
{
	const char *node = "/tmp/vfio-no-device";
	char path[512];
	struct stat st;

	ASSERT_NE(NULL, getenv("EDU0"));
	ASSERT_EQ(0, vfio_cdev_path(getenv("EDU0"), path, sizeof(path)));
	ASSERT_EQ(0, stat(path, &st));
	unlink(node);
	ASSERT_EQ(0, mknod(node, S_IFCHR | 0600,
			   makedev(major(st.st_rdev), 9999)));
	EXPECT_EQ(-1, open(node, O_RDWR));
	EXPECT_EQ(ENODEV, errno);
	unlink(node);
}

/* A device that is open and not bound */
FIXTURE(unbound)
{
	const char *bdf;
	int iommufd;
	__u32 ioas;
	int device;
};

FIXTURE_SETUP(unbound)
{
	self->bdf = getenv("EDU0");
	ASSERT_NE(NULL, self->bdf);
	self->iommufd = iommu_open();
	ASSERT_LE(0, self->iommufd);
	ASSERT_EQ(0, ioas_alloc(self->iommufd, &self->ioas));
	self->device = vfio_open_cdev(self->bdf);
	ASSERT_LE(0, self->device);
}

FIXTURE_TEARDOWN(unbound)
{
	close(self->device);
	close(self->iommufd);
}

TEST_F(unbound, nothing_but_bind_works)
{
	char byte = 0;

	EXPECT_EQ(-EINVAL, get_info(self->device));
	EXPECT_EQ(-EINVAL, attach(self->device, self->ioas));
	EXPECT_EQ(-EINVAL, detach(self->device));
	EXPECT_EQ(-EINVAL, iommu_ioctl(self->device, VFIO_DEVICE_RESET, NULL));
	EXPECT_EQ(-EINVAL, iommu_ioctl(self->device, VFIO_BASE, NULL));
	EXPECT_EQ(-1, pread(self->device, &byte, 1, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, pwrite(self->device, &byte, 1, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, page_size, PROT_READ, MAP_SHARED,
				   self->device, 0));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(unbound, bind_returns_the_id_of_the_device)
{
	struct vfio_device_bind_iommufd cmd = {
		.argsz = BIND_SIZE,
		.iommufd = self->iommufd,
	};

	ASSERT_EQ(0, bind_cmd(self->device, &cmd));
	EXPECT_NE(0, cmd.out_devid);
	/* it names a device: it exists, but only close() ends it */
	EXPECT_EQ(-EBUSY, iommu_destroy(self->iommufd, cmd.out_devid));
	EXPECT_EQ(0, get_info(self->device));
}

/* Clients know the struct with 16, 24 or 32 bytes */
FIXTURE(bind_size)
{
	int iommufd;
	int device;
	__u8 *page;
};

FIXTURE_VARIANT(bind_size)
{
	__u32 flags;
	__u32 size;
	int rc;
};

FIXTURE_VARIANT_ADD(bind_size, first_published)
{
	.size = BIND_SIZE,
};

/* The edu has no use for a token, which is the next thing that is looked at */
FIXTURE_VARIANT_ADD(bind_size, with_token)
{
	.flags = VFIO_DEVICE_BIND_FLAG_TOKEN,
	.size = BIND_SIZE_TOKEN,
	.rc = -EINVAL,
};

FIXTURE_VARIANT_ADD(bind_size, with_cookie)
{
	.flags = VFIO_DEVICE_BIND_FLAG_COOKIE,
	.size = BIND_SIZE_COOKIE,
};

FIXTURE_SETUP(bind_size)
{
	ASSERT_NE(NULL, getenv("EDU0"));
	self->iommufd = iommu_open();
	ASSERT_LE(0, self->iommufd);
	self->device = vfio_open_cdev(getenv("EDU0"));
	ASSERT_LE(0, self->device);
	self->page = mmap(NULL, 2 * page_size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->page);
	ASSERT_EQ(0, munmap(self->page + page_size, page_size));
}

FIXTURE_TEARDOWN(bind_size)
{
	close(self->device);
	close(self->iommufd);
}

/* The struct ends where accessible memory ends */
static struct vfio_device_bind_iommufd *bind_at_end(__u8 *page, __u32 flags,
						    __u32 size, int iommufd)
{
	struct vfio_device_bind_iommufd *cmd;

	cmd = (void *)(page + page_size - size);
	cmd->argsz = size;
	cmd->flags = flags;
	cmd->iommufd = iommufd;
	/* any bytes do for an UUID */
	if (flags & VFIO_DEVICE_BIND_FLAG_TOKEN)
		cmd->token_uuid_ptr = (uintptr_t)page;
	return cmd;
}

TEST_F(bind_size, no_byte_beyond_is_touched)
{
	EXPECT_EQ(variant->rc,
		  bind_cmd(self->device,
			   bind_at_end(self->page, variant->flags,
				       variant->size, self->iommufd)));
}

TEST_F(bind_size, one_byte_less_is_invalid)
{
	struct vfio_device_bind_iommufd *cmd;

	cmd = bind_at_end(self->page, variant->flags, variant->size,
			  self->iommufd);
	cmd->argsz--;
	EXPECT_EQ(-EINVAL, bind_cmd(self->device, cmd));
	EXPECT_EQ(0, bind_to(self->device, self->iommufd));
}

TEST_F(bind_size, more_bytes_are_ignored)
{
	__u8 buffer[128];

	memset(buffer, 0xff, sizeof(buffer));
	memcpy(buffer, bind_at_end(self->page, variant->flags, variant->size,
				   self->iommufd), variant->size);
	((struct vfio_device_bind_iommufd *)buffer)->argsz = sizeof(buffer);
	EXPECT_EQ(variant->rc, bind_cmd(self->device, (void *)buffer));
}

/* The longest of the lengths holds, and no flag hides what another one asks for */
TEST_F(unbound, all_bind_flags_together)
{
	__u8 uuid[16] = { 1 };
	struct vfio_device_bind_iommufd cmd = {
		.argsz = BIND_SIZE_COOKIE,
		.flags = VFIO_DEVICE_BIND_FLAG_TOKEN |
			 VFIO_DEVICE_BIND_FLAG_COOKIE,
		.iommufd = self->iommufd,
		.token_uuid_ptr = (uintptr_t)uuid,
		.dev_cookie = COOKIE,
	};

	/* edu has no use for a token */
	EXPECT_EQ(-EINVAL, bind_cmd(self->device, &cmd));
	cmd.token_uuid_ptr = 0;
	EXPECT_EQ(-EFAULT, bind_cmd(self->device, &cmd));
	/* a struct of this size is not looked at that far */
	for (cmd.argsz = 0; cmd.argsz < BIND_SIZE_COOKIE; cmd.argsz++) {
		EXPECT_EQ(-EINVAL, bind_cmd(self->device, &cmd)) {
			TH_LOG("argsz %u", cmd.argsz);
		}
	}
	cmd.argsz = BIND_SIZE_COOKIE;
	EXPECT_EQ(-EINVAL, get_info(self->device));
	cmd.flags = VFIO_DEVICE_BIND_FLAG_COOKIE;
	EXPECT_EQ(0, bind_cmd(self->device, &cmd));
}

TEST_F(unbound, unknown_bind_flags_are_invalid)
{
	struct vfio_device_bind_iommufd cmd = {
		.argsz = sizeof(cmd),
		.iommufd = self->iommufd,
	};

	for (int bit = 0; bit < 32; bit++) {
		cmd.flags = 1U << bit;
		if (cmd.flags & (VFIO_DEVICE_BIND_FLAG_TOKEN |
				 VFIO_DEVICE_BIND_FLAG_COOKIE))
			continue;
		EXPECT_EQ(-EINVAL, bind_cmd(self->device, &cmd));
	}
}

TEST_F(unbound, bind_needs_an_open_descriptor)
{
	int closed = dup(self->iommufd);

	close(closed);
	EXPECT_EQ(-EBADF, bind_to(self->device, -1));
	EXPECT_EQ(-EBADF, bind_to(self->device, INT32_MIN));
	EXPECT_EQ(-EBADF, bind_to(self->device, closed));
}

TEST_F(unbound, bind_needs_an_iommu_descriptor)
{
	EXPECT_EQ(-EBADFD, bind_to(self->device, self->device));
	EXPECT_EQ(-EBADFD, bind_to(self->device, STDIN_FILENO));
}

TEST_F(unbound, bind_needs_memory_that_it_can_write)
{
	struct vfio_device_bind_iommufd *cmd;

	EXPECT_EQ(-EFAULT, bind_cmd(self->device, NULL));

	cmd = mmap(NULL, page_size, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, cmd);
	cmd->argsz = BIND_SIZE;
	cmd->iommufd = self->iommufd;
	ASSERT_EQ(0, mprotect(cmd, page_size, PROT_READ));
	EXPECT_EQ(-EFAULT, bind_cmd(self->device, cmd));
	/* and it did not bind */
	EXPECT_EQ(-EINVAL, get_info(self->device));
	EXPECT_EQ(0, bind_to(self->device, self->iommufd));
}

TEST_F(unbound, token_needs_memory)
{
	EXPECT_EQ(-EFAULT, bind_token(self->device, self->iommufd, NULL));
}

TEST_F(unbound, token_is_invalid_for_a_device_without_virtual_functions)
{
	__u8 uuid[16] = { 1 };

	EXPECT_EQ(-EINVAL, bind_token(self->device, self->iommufd, uuid));
	EXPECT_EQ(-EINVAL, get_info(self->device));
	EXPECT_EQ(0, bind_to(self->device, self->iommufd));
}

TEST_F(unbound, failed_bind_leaves_the_device_to_others)
{
	struct vfio_device_bind_iommufd cmd = {
		.argsz = sizeof(cmd),
		.flags = VFIO_DEVICE_BIND_FLAG_COOKIE,
		.iommufd = self->iommufd,
		.dev_cookie = COOKIE,
	};
	int other, group;

	ASSERT_NE(NULL, getenv("EDU1"));
	other = vfio_open_cdev(getenv("EDU1"));
	ASSERT_LE(0, other);
	ASSERT_EQ(0, bind_cmd(other, &cmd));
	EXPECT_EQ(-EEXIST, bind_cmd(self->device, &cmd));

	group = vfio_open_group(self->bdf);
	EXPECT_LE(0, group);
	close(group);
	close(other);
	EXPECT_EQ(0, bind_cmd(self->device, &cmd));
}

TEST_F(unbound, descriptor_does_not_keep_the_group_closed)
{
	struct legacy legacy;

	ASSERT_EQ(0, legacy_open(&legacy, self->bdf));
	EXPECT_EQ(0, get_info(legacy.fd));
	legacy_close(&legacy);
}

TEST_F(unbound, open_group_refuses_bind)
{
	int group = vfio_open_group(self->bdf);

	ASSERT_LE(0, group);
	EXPECT_EQ(-EBUSY, bind_to(self->device, self->iommufd));
	close(group);
	EXPECT_EQ(0, bind_to(self->device, self->iommufd));
}

TEST_F(unbound, device_open_by_its_group_refuses_bind)
{
	struct legacy legacy;

	ASSERT_EQ(0, legacy_open(&legacy, self->bdf));
	/* the device's descriptor keeps the group open */
	close(legacy.group);
	legacy.group = -1;
	EXPECT_EQ(-EBUSY, bind_to(self->device, self->iommufd));
	EXPECT_EQ(0, get_info(legacy.fd));
	legacy_close(&legacy);
	EXPECT_EQ(0, bind_to(self->device, self->iommufd));
}

TEST_F(unbound, descriptor_from_a_group_has_no_iommufd_commands)
{
	struct legacy legacy;

	ASSERT_EQ(0, legacy_open(&legacy, self->bdf));
	EXPECT_EQ(-ENOTTY, bind_to(legacy.fd, self->iommufd));
	EXPECT_EQ(-ENOTTY, attach(legacy.fd, self->ioas));
	EXPECT_EQ(-ENOTTY, detach(legacy.fd));
	legacy_close(&legacy);
}

/* A bound device */
FIXTURE(bound)
{
	const char *bdf;
	int iommufd;
	__u32 ioas;
	int device;
	__u32 dev_id;
};

FIXTURE_SETUP(bound)
{
	struct vfio_device_bind_iommufd cmd = { .argsz = BIND_SIZE };

	self->bdf = getenv("EDU0");
	ASSERT_NE(NULL, self->bdf);
	self->iommufd = iommu_open();
	ASSERT_LE(0, self->iommufd);
	ASSERT_EQ(0, ioas_alloc(self->iommufd, &self->ioas));
	self->device = vfio_open_cdev(self->bdf);
	ASSERT_LE(0, self->device);
	cmd.iommufd = self->iommufd;
	ASSERT_EQ(0, bind_cmd(self->device, &cmd));
	self->dev_id = cmd.out_devid;
}

FIXTURE_TEARDOWN(bound)
{
	close(self->device);
	close(self->iommufd);
}

TEST_F(bound, second_bind_is_invalid)
{
	int other = iommu_open();

	EXPECT_EQ(-EINVAL, bind_to(self->device, self->iommufd));
	EXPECT_EQ(-EINVAL, bind_to(self->device, other));
	EXPECT_EQ(0, attach(self->device, self->ioas));
	close(other);
}

TEST_F(bound, other_descriptors_of_the_device_are_refused)
{
	int other = vfio_open_cdev(self->bdf);

	ASSERT_LE(0, other);
	EXPECT_EQ(-EBUSY, bind_to(other, self->iommufd));
	EXPECT_EQ(-EINVAL, get_info(other));
	close(self->device);
	self->device = other;
	EXPECT_EQ(0, bind_to(other, self->iommufd));
}

TEST_F(bound, group_stays_closed)
{
	int group;

	EXPECT_EQ(-EBUSY, vfio_open_group(self->bdf));
	close(self->device);
	self->device = -1;
	group = vfio_open_group(self->bdf);
	EXPECT_LE(0, group);
	close(group);
}

TEST_F(bound, duplicate_of_the_descriptor_keeps_the_binding)
{
	int other = dup(self->device);

	close(self->device);
	self->device = other;
	EXPECT_EQ(0, attach(other, self->ioas));
	EXPECT_EQ(-EBUSY, vfio_open_group(self->bdf));
}

TEST_F(bound, attach_returns_the_page_table)
{
	__u32 pt_id = self->ioas;

	ASSERT_EQ(0, attach_to(self->device, &pt_id));
	EXPECT_NE(self->ioas, pt_id);
	EXPECT_EQ(-EBUSY, iommu_destroy(self->iommufd, pt_id));
}

TEST_F(bound, attach_to_an_unknown_id_is_enoent)
{
	EXPECT_EQ(-ENOENT, attach(self->device, NO_ID));
	EXPECT_EQ(-ENOENT, attach(self->device, 0));
}

TEST_F(bound, attach_to_what_has_no_addresses_is_invalid)
{
	EXPECT_EQ(-EINVAL, attach(self->device, self->dev_id));
}

TEST_F(bound, short_attach_is_invalid)
{
	struct vfio_device_attach_iommufd_pt cmd = {
		.argsz = offsetof(typeof(cmd), pasid) - 1,
		.pt_id = self->ioas,
	};

	EXPECT_EQ(-EINVAL, iommu_ioctl(self->device,
				       VFIO_DEVICE_ATTACH_IOMMUFD_PT, &cmd));
	cmd.argsz = sizeof(cmd) - 1;
	cmd.flags = VFIO_DEVICE_ATTACH_PASID;
	EXPECT_EQ(-EINVAL, iommu_ioctl(self->device,
				       VFIO_DEVICE_ATTACH_IOMMUFD_PT, &cmd));
}

TEST_F(bound, short_detach_is_invalid)
{
	struct vfio_device_detach_iommufd_pt cmd = {
		.argsz = offsetof(typeof(cmd), pasid) - 1,
	};

	EXPECT_EQ(-EINVAL, iommu_ioctl(self->device,
				       VFIO_DEVICE_DETACH_IOMMUFD_PT, &cmd));
	cmd.argsz = sizeof(cmd) - 1;
	cmd.flags = VFIO_DEVICE_DETACH_PASID;
	EXPECT_EQ(-EINVAL, iommu_ioctl(self->device,
				       VFIO_DEVICE_DETACH_IOMMUFD_PT, &cmd));
}

/* What comes behind is not looked at, as everywhere in VFIO */
TEST_F(bound, more_bytes_of_attach_and_detach_are_ignored)
{
	union {
		struct vfio_device_attach_iommufd_pt at;
		struct vfio_device_detach_iommufd_pt de;
		__u8 byte[128];
	} cmd;

	for (size_t size = offsetof(typeof(cmd.at), pasid);
	     size <= sizeof(cmd); size++) {
		memset(&cmd, 0xff, sizeof(cmd));
		cmd.at.argsz = size;
		cmd.at.flags = 0;
		cmd.at.pt_id = self->ioas;
		ASSERT_EQ(0, iommu_ioctl(self->device,
					 VFIO_DEVICE_ATTACH_IOMMUFD_PT, &cmd)) {
			TH_LOG("argsz %zu", size);
		}
		EXPECT_EQ(-EBUSY, iommu_destroy(self->iommufd, cmd.at.pt_id));
		for (size_t i = offsetof(typeof(cmd.at), pasid);
		     i < sizeof(cmd); i++)
			EXPECT_EQ(0xff, cmd.byte[i]);
		EXPECT_EQ(size, cmd.at.argsz);

		memset(&cmd, 0xff, sizeof(cmd));
		cmd.de.argsz = size;
		cmd.de.flags = 0;
		ASSERT_EQ(0, iommu_ioctl(self->device,
					 VFIO_DEVICE_DETACH_IOMMUFD_PT, &cmd)) {
			TH_LOG("argsz %zu", size);
		}
		/* it is detached */
		ASSERT_EQ(0, iommu_destroy(self->iommufd, self->ioas));
		ASSERT_EQ(0, ioas_alloc(self->iommufd, &self->ioas));
	}
}

TEST_F(bound, unknown_attach_and_detach_flags_are_invalid)
{
	struct vfio_device_attach_iommufd_pt at = {
		.argsz = sizeof(at),
		.pt_id = self->ioas,
	};
	struct vfio_device_detach_iommufd_pt de = { .argsz = sizeof(de) };

	for (int bit = 1; bit < 32; bit++) {
		at.flags = 1U << bit;
		de.flags = 1U << bit;
		EXPECT_EQ(-EINVAL,
			  iommu_ioctl(self->device,
				      VFIO_DEVICE_ATTACH_IOMMUFD_PT, &at));
		EXPECT_EQ(-EINVAL,
			  iommu_ioctl(self->device,
				      VFIO_DEVICE_DETACH_IOMMUFD_PT, &de));
	}
}

TEST_F(bound, pasids_are_not_supported)
{
	struct vfio_device_attach_iommufd_pt at = {
		.argsz = sizeof(at),
		.flags = VFIO_DEVICE_ATTACH_PASID,
		.pt_id = self->ioas,
		.pasid = 1,
	};
	struct vfio_device_detach_iommufd_pt de = {
		.argsz = sizeof(de),
		.flags = VFIO_DEVICE_DETACH_PASID,
		.pasid = 1,
	};

	EXPECT_EQ(-EOPNOTSUPP, iommu_ioctl(self->device,
					   VFIO_DEVICE_ATTACH_IOMMUFD_PT, &at));
	EXPECT_EQ(-EOPNOTSUPP, iommu_ioctl(self->device,
					   VFIO_DEVICE_DETACH_IOMMUFD_PT, &de));
}

TEST_F(bound, attach_needs_memory_that_it_can_write)
{
	struct vfio_device_attach_iommufd_pt *cmd;

	cmd = mmap(NULL, page_size, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, cmd);
	cmd->argsz = sizeof(*cmd);
	cmd->pt_id = self->ioas;
	ASSERT_EQ(0, mprotect(cmd, page_size, PROT_READ));
	EXPECT_EQ(-EFAULT, iommu_ioctl(self->device,
				       VFIO_DEVICE_ATTACH_IOMMUFD_PT, cmd));
	EXPECT_EQ(-EFAULT, iommu_ioctl(self->device,
				       VFIO_DEVICE_ATTACH_IOMMUFD_PT, NULL));
	EXPECT_EQ(-EFAULT, iommu_ioctl(self->device,
				       VFIO_DEVICE_DETACH_IOMMUFD_PT, NULL));
	/* and it did not attach */
	EXPECT_EQ(0, iommu_destroy(self->iommufd, self->ioas));
}

TEST_F(bound, attached_ioas_cannot_be_destroyed)
{
	ASSERT_EQ(0, attach(self->device, self->ioas));
	EXPECT_EQ(-EBUSY, iommu_destroy(self->iommufd, self->ioas));
	ASSERT_EQ(0, detach(self->device));
	EXPECT_EQ(0, iommu_destroy(self->iommufd, self->ioas));
}

TEST_F(bound, attach_of_an_attached_device_replaces)
{
	__u32 old = self->ioas, new;

	ASSERT_EQ(0, ioas_alloc(self->iommufd, &new));
	ASSERT_EQ(0, attach(self->device, old));
	ASSERT_EQ(0, attach(self->device, new));
	EXPECT_EQ(0, iommu_destroy(self->iommufd, old));
	EXPECT_EQ(-EBUSY, iommu_destroy(self->iommufd, new));
}

TEST_F(bound, attach_to_the_same_again_succeeds)
{
	__u32 first = self->ioas, again = self->ioas;

	ASSERT_EQ(0, attach_to(self->device, &first));
	ASSERT_EQ(0, attach_to(self->device, &again));
	EXPECT_EQ(first, again);
	ASSERT_EQ(0, attach(self->device, first));
	ASSERT_EQ(0, detach(self->device));
	EXPECT_EQ(0, iommu_destroy(self->iommufd, self->ioas));
}

TEST_F(bound, failed_replace_changes_nothing)
{
	ASSERT_EQ(0, attach(self->device, self->ioas));
	EXPECT_EQ(-ENOENT, attach(self->device, NO_ID));
	EXPECT_EQ(-EINVAL, attach(self->device, self->dev_id));
	EXPECT_EQ(-EBUSY, iommu_destroy(self->iommufd, self->ioas));
	ASSERT_EQ(0, detach(self->device));
	EXPECT_EQ(0, iommu_destroy(self->iommufd, self->ioas));
}

TEST_F(bound, detach_succeeds_without_attach)
{
	EXPECT_EQ(0, detach(self->device));
	ASSERT_EQ(0, attach(self->device, self->ioas));
	EXPECT_EQ(0, detach(self->device));
	EXPECT_EQ(0, detach(self->device));
	EXPECT_EQ(0, attach(self->device, self->ioas));
}

TEST_F(bound, close_detaches_and_unbinds)
{
	ASSERT_EQ(0, attach(self->device, self->ioas));
	close(self->device);
	self->device = -1;
	EXPECT_EQ(0, iommu_destroy(self->iommufd, self->ioas));
	EXPECT_EQ(-ENOENT, iommu_destroy(self->iommufd, self->dev_id));
}

TEST_F(bound, unknown_command_is_enotty)
{
	EXPECT_EQ(-ENOTTY, iommu_ioctl(self->device,
				       _IO(VFIO_TYPE, VFIO_BASE + 99), NULL));
}

TEST_F(bound, device_resets)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };
	int rc;

	ASSERT_EQ(0, attach(self->device, self->ioas));
	ASSERT_EQ(0, iommu_ioctl(self->device, VFIO_DEVICE_GET_INFO, &info));
	rc = iommu_ioctl(self->device, VFIO_DEVICE_RESET, NULL);
	EXPECT_EQ(info.flags & VFIO_DEVICE_FLAGS_RESET ? 0 : -EINVAL, rc);
	EXPECT_EQ(-EBUSY, iommu_destroy(self->iommufd, self->ioas));
}

/* Descriptors that exec and fork pass on, and threads, share one device */
TEST_F(bound, child_can_do_the_rest)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(attach(self->device, self->ioas) ||
		      detach(self->device));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

/* Two devices in one group */
FIXTURE(group)
{
	char bdf[2][32];
	int iommufd;
	int device[2];
};

FIXTURE_SETUP(group)
{
	int found;

	ASSERT_NE(NULL, getenv("EDU_GROUP"));
	found = sscanf(getenv("EDU_GROUP"), "%31s %31s", self->bdf[0],
		       self->bdf[1]);
	ASSERT_EQ(2, found);
	self->iommufd = iommu_open();
	ASSERT_LE(0, self->iommufd);
	for (int i = 0; i < 2; i++) {
		self->device[i] = vfio_open_cdev(self->bdf[i]);
		ASSERT_LE(0, self->device[i]);
	}
}

FIXTURE_TEARDOWN(group)
{
	close(self->device[0]);
	close(self->device[1]);
	close(self->iommufd);
}

TEST_F(group, one_iommufd_can_have_all_devices)
{
	EXPECT_EQ(0, bind_to(self->device[0], self->iommufd));
	EXPECT_EQ(0, bind_to(self->device[1], self->iommufd));
}

TEST_F(group, two_iommufds_cannot_share_it)
{
	int other = iommu_open();

	ASSERT_EQ(0, bind_to(self->device[0], self->iommufd));
	EXPECT_EQ(-EBUSY, bind_to(self->device[1], other));
	close(self->device[0]);
	self->device[0] = -1;
	EXPECT_EQ(0, bind_to(self->device[1], other));
	close(other);
}

TEST_F(group, stays_closed_until_the_last_device_is)
{
	int group;

	ASSERT_EQ(0, bind_to(self->device[0], self->iommufd));
	ASSERT_EQ(0, bind_to(self->device[1], self->iommufd));
	EXPECT_EQ(-EBUSY, vfio_open_group(self->bdf[0]));
	close(self->device[0]);
	self->device[0] = -1;
	EXPECT_EQ(-EBUSY, vfio_open_group(self->bdf[0]));
	close(self->device[1]);
	self->device[1] = -1;
	group = vfio_open_group(self->bdf[0]);
	EXPECT_LE(0, group);
	close(group);
}

TEST_F(group, open_group_refuses_bind_of_every_device)
{
	int group = vfio_open_group(self->bdf[0]);

	ASSERT_LE(0, group);
	EXPECT_EQ(-EBUSY, bind_to(self->device[0], self->iommufd));
	EXPECT_EQ(-EBUSY, bind_to(self->device[1], self->iommufd));
	close(group);
}

TEST_F(group, hot_reset_includes_the_owned_device_that_is_not_bound)
{
	struct hot_reset_info info;
	struct vfio_device_bind_iommufd cmd = {
		.argsz = BIND_SIZE,
		.iommufd = self->iommufd,
	};
	int rc;

	ASSERT_EQ(0, bind_cmd(self->device[0], &cmd));
	rc = hot_reset_info(self->device[0], &info);
	if (rc == -ENODEV)
		SKIP(return, "the devices cannot be reset on this machine");
	ASSERT_EQ(0, rc);
	EXPECT_EQ(VFIO_PCI_HOT_RESET_FLAG_DEV_ID |
		  VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED, info.head.flags);
	ASSERT_EQ(2, info.head.count);
	for (int i = 0; i < 2; i++)
		EXPECT_TRUE(info.device[i].devid == cmd.out_devid ||
			    info.device[i].devid == VFIO_PCI_DEVID_OWNED);
	EXPECT_NE(info.device[0].devid, info.device[1].devid);
	rc = hot_reset(self->device[0], 0, -1);
	if (rc == -ENOTTY)
		SKIP(return, "the devices do not come back from a reset");
	EXPECT_EQ(0, rc);
}

TEST_F(group, hot_reset_is_refused_with_a_device_out_of_vfio)
{
	struct hot_reset_info info;
	bool not_owned = false;
	int rc;

	ASSERT_EQ(0, bind_to(self->device[0], self->iommufd));
	rc = hot_reset_info(self->device[0], &info);
	if (rc == -ENODEV)
		SKIP(return, "the devices cannot be reset on this machine");
	ASSERT_EQ(0, rc);

	ASSERT_EQ(0, driver_unbind(self->bdf[1]));
	rc = hot_reset_info(self->device[0], &info);
	EXPECT_EQ(-EINVAL, hot_reset(self->device[0], 0, -1));
	ASSERT_EQ(0, driver_bind(self->bdf[1]));

	ASSERT_EQ(0, rc);
	EXPECT_EQ(VFIO_PCI_HOT_RESET_FLAG_DEV_ID, info.head.flags);
	for (__u32 i = 0; i < info.head.count; i++)
		if (info.device[i].devid == (__u32)VFIO_PCI_DEVID_NOT_OWNED)
			not_owned = true;
	EXPECT_TRUE(not_owned);
}

/* A device behind a port of its own, which can reset it */
FIXTURE(hot_reset)
{
	const char *bdf;
	int iommufd;
	int device;
	__u32 dev_id;
};

FIXTURE_SETUP(hot_reset)
{
	struct vfio_device_bind_iommufd cmd = { .argsz = BIND_SIZE };

	self->bdf = getenv("HOTRESET");
	ASSERT_NE(NULL, self->bdf);
	self->iommufd = iommu_open();
	ASSERT_LE(0, self->iommufd);
	self->device = vfio_open_cdev(self->bdf);
	ASSERT_LE(0, self->device);
	cmd.iommufd = self->iommufd;
	ASSERT_EQ(0, bind_cmd(self->device, &cmd));
	self->dev_id = cmd.out_devid;
}

FIXTURE_TEARDOWN(hot_reset)
{
	close(self->device);
	close(self->iommufd);
}

TEST_F(hot_reset, info_has_device_ids)
{
	unsigned int domain, bus, slot, function;
	struct hot_reset_info info;
	int found;

	found = sscanf(self->bdf, "%x:%x:%x.%x", &domain, &bus, &slot,
		       &function);
	ASSERT_EQ(4, found);
	ASSERT_EQ(0, hot_reset_info(self->device, &info));
	EXPECT_EQ(VFIO_PCI_HOT_RESET_FLAG_DEV_ID |
		  VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED, info.head.flags);
	ASSERT_EQ(1, info.head.count);
	EXPECT_EQ(self->dev_id, info.device[0].devid);
	EXPECT_EQ(domain, info.device[0].segment);
	EXPECT_EQ(bus, info.device[0].bus);
	EXPECT_EQ(slot << 3 | function, info.device[0].devfn);
}

TEST_F(hot_reset, info_without_room_gets_the_number)
{
	struct vfio_pci_hot_reset_info info = { .argsz = sizeof(info) };

	EXPECT_EQ(-ENOSPC,
		  iommu_ioctl(self->device, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO,
			      &info));
	EXPECT_EQ(1, info.count);
}

TEST_F(hot_reset, iommufd_is_enough)
{
	__u32 ioas;
	int rc;

	rc = hot_reset(self->device, 0, -1);
	if (rc == -ENOTTY)
		SKIP(return, "the device does not come back from a reset");
	EXPECT_EQ(0, rc);
	ASSERT_EQ(0, ioas_alloc(self->iommufd, &ioas));
	EXPECT_EQ(0, attach(self->device, ioas));
	EXPECT_EQ(0, hot_reset(self->device, 0, -1));
	EXPECT_EQ(-EBUSY, iommu_destroy(self->iommufd, ioas));
}

TEST_F(hot_reset, groups_are_invalid)
{
	EXPECT_EQ(-EINVAL, hot_reset(self->device, 1, self->device));
	EXPECT_EQ(-EINVAL, hot_reset(self->device, 1, -1));
}

TEST_F(hot_reset, device_from_a_group_has_groups)
{
	struct hot_reset_info info;
	struct legacy legacy;
	int rc;

	close(self->device);
	self->device = -1;
	ASSERT_EQ(0, legacy_open(&legacy, self->bdf));
	ASSERT_EQ(0, hot_reset_info(legacy.fd, &info));
	EXPECT_EQ(0, info.head.flags);
	ASSERT_EQ(1, info.head.count);
	EXPECT_EQ(vfio_group_number(self->bdf), info.device[0].group_id);
	EXPECT_EQ(-EINVAL, hot_reset(legacy.fd, 0, -1));
	rc = hot_reset(legacy.fd, 1, legacy.group);
	legacy_close(&legacy);
	if (rc == -ENOTTY)
		SKIP(return, "the device does not come back from a reset");
	EXPECT_EQ(0, rc);
}

/* A device that its driver lets go, and gets back */
FIXTURE(unplug)
{
	const char *bdf;
	int iommufd;
	int device;
};

FIXTURE_SETUP(unplug)
{
	self->bdf = getenv("EDU1");
	ASSERT_NE(NULL, self->bdf);
	self->iommufd = iommu_open();
	ASSERT_LE(0, self->iommufd);
	self->device = vfio_open_cdev(self->bdf);
	ASSERT_LE(0, self->device);
}

FIXTURE_TEARDOWN(unplug)
{
	close(self->device);
	close(self->iommufd);
	/* fails if it has its driver */
	driver_bind(self->bdf);
}

TEST_F(unplug, does_not_wait_for_descriptors_without_binding)
{
	ASSERT_EQ(0, driver_unbind(self->bdf));
	EXPECT_EQ(-ENODEV, bind_to(self->device, self->iommufd));
	EXPECT_EQ(-EINVAL, get_info(self->device));
}

TEST_F(unplug, old_descriptors_do_not_get_the_device_that_comes_back)
{
	int new;

	ASSERT_EQ(0, driver_unbind(self->bdf));
	ASSERT_EQ(0, driver_bind(self->bdf));
	EXPECT_EQ(-ENODEV, bind_to(self->device, self->iommufd));
	new = vfio_open_cdev(self->bdf);
	ASSERT_LE(0, new);
	EXPECT_EQ(0, bind_to(new, self->iommufd));
	close(new);
}

/* The child must not hold what it waits for */
static pid_t unbind_in_child(const char *bdf, int device)
{
	pid_t pid = fork();

	if (!pid) {
		close(device);
		_exit(-driver_unbind(bdf));
	}
	return pid;
}

TEST_F(unplug, asks_the_user_and_waits)
{
	struct {
		struct vfio_irq_set head;
		__s32 fd;
	} irq = {
		.head = {
			.argsz = sizeof(irq),
			.flags = VFIO_IRQ_SET_DATA_EVENTFD |
				 VFIO_IRQ_SET_ACTION_TRIGGER,
			.index = VFIO_PCI_REQ_IRQ_INDEX,
			.count = 1,
		},
		.fd = eventfd(0, EFD_CLOEXEC),
	};
	struct pollfd request = { .fd = irq.fd, .events = POLLIN };
	char path[512];
	int status;
	__u32 ioas;
	pid_t pid;

	ASSERT_EQ(0, bind_to(self->device, self->iommufd));
	ASSERT_EQ(0, ioas_alloc(self->iommufd, &ioas));
	ASSERT_EQ(0, attach(self->device, ioas));
	ASSERT_EQ(0, iommu_ioctl(self->device, VFIO_DEVICE_SET_IRQS, &irq));
	ASSERT_EQ(0, vfio_cdev_path(self->bdf, path, sizeof(path)));

	pid = unbind_in_child(self->bdf, self->device);
	ASSERT_LT(0, pid);
	ASSERT_EQ(1, poll(&request, 1, PATIENCE));
	EXPECT_EQ(0, waitpid(pid, &status, WNOHANG));
	/* nobody new gets in, whoever is in can go on */
	EXPECT_EQ(-1, open(path, O_RDWR));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(0, get_info(self->device));
	EXPECT_EQ(0, detach(self->device));
	EXPECT_EQ(0, attach(self->device, ioas));

	close(self->device);
	self->device = -1;
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(-1, access(path, F_OK));
	EXPECT_EQ(0, iommu_destroy(self->iommufd, ioas));
}

TEST_F(unplug, comes_to_an_end_when_the_user_is_killed)
{
	int status, unbind_status;
	int ready[2];
	pid_t user, pid;
	char byte;

	ASSERT_EQ(0, pipe(ready));
	user = fork();
	if (!user) {
		if (!bind_to(self->device, self->iommufd) &&
		    write(ready[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	close(self->device);
	self->device = -1;
	close(self->iommufd);
	self->iommufd = -1;
	ASSERT_EQ(1, read(ready[0], &byte, 1));

	pid = unbind_in_child(self->bdf, self->device);
	ASSERT_LT(0, pid);
	usleep(100000);
	EXPECT_EQ(0, waitpid(pid, &unbind_status, WNOHANG));
	kill(user, SIGKILL);
	ASSERT_EQ(user, waitpid(user, &status, 0));
	ASSERT_EQ(pid, waitpid(pid, &unbind_status, 0));
	EXPECT_EQ(0, unbind_status);
}

#define UNPLUG_ROUNDS	30
#define UNPLUG_SECONDS	8

TEST_F(unplug, users_come_and_go_meanwhile)
{
	time_t start = time(NULL);
	pid_t user[2];
	int status;

	for (int i = 0; i < 2; i++) {
		user[i] = fork();
		ASSERT_LE(0, user[i]);
		if (user[i])
			continue;
		for (;;) {
			int device = vfio_open_cdev(self->bdf);
			__u32 ioas = NO_ID;

			if (!bind_to(device, self->iommufd) &&
			    !ioas_alloc(self->iommufd, &ioas)) {
				attach(device, ioas);
				get_info(device);
			}
			close(device);
			iommu_destroy(self->iommufd, ioas);
		}
	}
	for (int i = 0; i < UNPLUG_ROUNDS; i++) {
		if (time(NULL) - start > UNPLUG_SECONDS)
			break;
		EXPECT_EQ(0, driver_unbind(self->bdf));
		EXPECT_EQ(0, driver_bind(self->bdf));
	}
	for (int i = 0; i < 2; i++) {
		kill(user[i], SIGKILL);
		EXPECT_EQ(user[i], waitpid(user[i], &status, 0));
	}
	close(self->device);
	self->device = vfio_open_cdev(self->bdf);
	ASSERT_LE(0, self->device);
	EXPECT_EQ(0, bind_to(self->device, self->iommufd));
}

/* A physical and a virtual function with vfio-pci: trust is by VF token */
FIXTURE(token)
{
	char pf_bdf[32];
	char vf_bdf[32];
	char numvfs[512];
	int iommufd;
	int pf;
	int vf;
};

static const __u8 token[16] = {
	0xbd, 0x8d, 0x9d, 0x2b, 0x5a, 0x5f, 0x4f, 0x5a,
	0xa2, 0x11, 0xf5, 0x91, 0x51, 0x4b, 0xa1, 0xf3,
};

static const __u8 wrong_token[16] = { 1 };

FIXTURE_SETUP(token)
{
	char path[512], target[512];
	ssize_t length;

	/* then the tests are skipped */
	if (!getenv("SRIOV"))
		return;
	snprintf(self->pf_bdf, sizeof(self->pf_bdf), "%s", getenv("SRIOV"));
	snprintf(self->numvfs, sizeof(self->numvfs),
		 "/sys/bus/pci/devices/%s/sriov_numvfs", self->pf_bdf);
	ASSERT_EQ(0, write_file(self->numvfs, "1"));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/virtfn0",
		 self->pf_bdf);
	length = readlink(path, target, sizeof(target) - 1);
	ASSERT_LT(0, length);
	target[length] = 0;
	snprintf(self->vf_bdf, sizeof(self->vf_bdf), "%.31s",
		 strrchr(target, '/') + 1);

	self->iommufd = iommu_open();
	ASSERT_LE(0, self->iommufd);
	self->pf = vfio_open_cdev(self->pf_bdf);
	ASSERT_LE(0, self->pf);
	self->vf = vfio_open_cdev(self->vf_bdf);
	ASSERT_LE(0, self->vf);
}

FIXTURE_TEARDOWN(token)
{
	if (!getenv("SRIOV"))
		return;
	close(self->vf);
	close(self->pf);
	close(self->iommufd);
	EXPECT_EQ(0, write_file(self->numvfs, "0"));
}

TEST_F(token, virtual_function_needs_the_token)
{
	if (!getenv("SRIOV"))
		SKIP(return, "SRIOV does not name a physical function");

	ASSERT_EQ(0, bind_token(self->pf, self->iommufd, token));
	EXPECT_EQ(-EACCES, bind_to(self->vf, self->iommufd));
	EXPECT_EQ(-EACCES, bind_token(self->vf, self->iommufd, wrong_token));
	EXPECT_EQ(0, bind_token(self->vf, self->iommufd, token));
}

TEST_F(token, token_and_cookie_go_together)
{
	struct vfio_device_bind_iommufd cmd = {
		.argsz = BIND_SIZE_COOKIE,
		.flags = VFIO_DEVICE_BIND_FLAG_TOKEN |
			 VFIO_DEVICE_BIND_FLAG_COOKIE,
		.iommufd = self->iommufd,
		.token_uuid_ptr = (uintptr_t)token,
		.dev_cookie = COOKIE,
	};

	if (!getenv("SRIOV"))
		SKIP(return, "SRIOV does not name a physical function");

	ASSERT_EQ(0, bind_cmd(self->pf, &cmd));
	/* the cookie was taken, and the token set */
	EXPECT_EQ(-EEXIST, bind_cmd(self->vf, &cmd));
	cmd.dev_cookie = COOKIE + 1;
	cmd.token_uuid_ptr = (uintptr_t)wrong_token;
	EXPECT_EQ(-EACCES, bind_cmd(self->vf, &cmd));
	cmd.token_uuid_ptr = (uintptr_t)token;
	EXPECT_EQ(0, bind_cmd(self->vf, &cmd));
	EXPECT_NE(0, cmd.out_devid);
}

TEST_F(token, physical_function_needs_the_token_of_its_users)
{
	if (!getenv("SRIOV"))
		SKIP(return, "SRIOV does not name a physical function");

	ASSERT_EQ(0, bind_token(self->pf, self->iommufd, token));
	close(self->pf);
	ASSERT_EQ(0, bind_token(self->vf, self->iommufd, token));

	self->pf = vfio_open_cdev(self->pf_bdf);
	ASSERT_LE(0, self->pf);
	EXPECT_EQ(-EACCES, bind_to(self->pf, self->iommufd));
	EXPECT_EQ(-EACCES, bind_token(self->pf, self->iommufd, wrong_token));
	EXPECT_EQ(0, bind_token(self->pf, self->iommufd, token));
}

TEST_F(token, refused_bind_does_not_set_the_token)
{
	int other;

	if (!getenv("SRIOV"))
		SKIP(return, "SRIOV does not name a physical function");

	other = vfio_open_cdev(self->pf_bdf);
	ASSERT_LE(0, other);
	ASSERT_EQ(0, bind_token(self->pf, self->iommufd, token));
	EXPECT_EQ(-EBUSY, bind_token(other, self->iommufd, wrong_token));
	EXPECT_EQ(0, bind_token(self->vf, self->iommufd, token));
	close(other);
}

TEST_HARNESS_MAIN
