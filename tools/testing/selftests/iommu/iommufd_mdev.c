// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mediated devices, and emulated ones in general, under an IOMMU fd: their
 * drivers pin, read and write memory of the IOAS that they are attached to.
 *
 * The sample drivers of the kernel (mtty, mdpy, mbochs) serve all from memory of
 * their own: they show that existing drivers can be bound and attached as they
 * are. What drivers do to memory of the user is tested with a device that does
 * what it is told (CONFIG_VFIO_MDEV_TEST).
 */
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "mdev_device.h"
#include "mock.h"
#include "process_status.h"
#include "harness.h"

#define COOKIE		0x3de5000000000001ULL
#define OTHER_COOKIE	0x3de5000000000002ULL

#define IOVA		0x10000000ULL
#define OTHER_IOVA	0x20000000ULL
#define NOT_MAPPED	0x30000000ULL
#define MEMORY_PAGES	16

#define NO_ID		0xffffffU
#define NOBODY		65534

static int device_info(int fd, __u64 cookie, struct iommu_format_info *format,
		       struct iommu_iova_range *range, __u32 room,
		       struct iommu_device_get_info *info)
{
	*info = (struct iommu_device_get_info) {
		.size = sizeof(*info),
		.dev_cookie = cookie,
		.format_len = sizeof(*format),
		.num_formats = room,
		.num_ranges = room,
		.formats = (uintptr_t)format,
		.ranges = (uintptr_t)range,
	};
	return iommu_ioctl(fd, IOMMU_DEVICE_GET_INFO, info);
}

/*
 * The sample drivers
 */

FIXTURE(sample)
{
	struct mdev mdev;
	int iommufd;
	__u32 ioas;
	int device;
};

FIXTURE_VARIANT(sample)
{
	const char *driver;
	const char *type;
};

FIXTURE_VARIANT_ADD(sample, mtty)
{
	.driver = "mtty",
	.type = "mtty-1",
};

FIXTURE_VARIANT_ADD(sample, mdpy)
{
	.driver = "mdpy",
	.type = "mdpy-vga",
};

FIXTURE_VARIANT_ADD(sample, mbochs)
{
	.driver = "mbochs",
	.type = "mbochs-small",
};

FIXTURE_SETUP(sample)
{
	ASSERT_EQ(0, mdev_create(&self->mdev, variant->driver, variant->type,
				 0));
	self->iommufd = iommu_open();
	ASSERT_LE(0, self->iommufd);
	ASSERT_EQ(0, ioas_alloc(self->iommufd, &self->ioas));
	self->device = vfio_open_cdev(self->mdev.path);
	ASSERT_LE(0, self->device);
}

FIXTURE_TEARDOWN(sample)
{
	close(self->device);
	close(self->iommufd);
	EXPECT_EQ(0, mdev_remove(&self->mdev));
}

TEST_F(sample, works_under_an_iommufd)
{
	struct iommu_device_get_info info;
	struct iommu_iova_range range;
	struct iommu_format_info format;
	__u32 vendor = 0, dev_id;
	__u64 config;

	ASSERT_EQ(0, bind_cookie(self->device, self->iommufd, COOKIE, &dev_id));
	ASSERT_EQ(0, device_info(self->iommufd, COOKIE, &format, &range, 1,
				 &info));
	EXPECT_EQ(dev_id, info.out_dev_id);
	ASSERT_EQ(0, attach(self->device, self->ioas));
	EXPECT_EQ(-EBUSY, iommu_destroy(self->iommufd, self->ioas));

	EXPECT_EQ(0, get_info(self->device));
	ASSERT_EQ(0, vfio_region_offset(self->device,
					VFIO_PCI_CONFIG_REGION_INDEX, &config));
	ASSERT_EQ(4, pread(self->device, &vendor, 4, config));
	EXPECT_NE(0, vendor);
	EXPECT_NE(~0U, vendor);
	EXPECT_EQ(0, iommu_ioctl(self->device, VFIO_DEVICE_RESET, NULL));

	EXPECT_EQ(0, detach(self->device));
	EXPECT_EQ(0, iommu_destroy(self->iommufd, self->ioas));
}

TEST_F(sample, works_through_its_group)
{
	struct legacy legacy;

	ASSERT_EQ(0, legacy_open(&legacy, self->mdev.path));
	EXPECT_EQ(0, get_info(legacy.fd));
	EXPECT_EQ(-EBUSY, bind_to(self->device, self->iommufd));
	legacy_close(&legacy);

	ASSERT_EQ(0, bind_to(self->device, self->iommufd));
	EXPECT_EQ(-EBUSY, vfio_open_group(self->mdev.path));
}

/* If one ever does, this file has to be told */
TEST_F(sample, touches_no_memory_of_the_user)
{
	__u8 *memory = memory_map(MEMORY_PAGES * page_size);
	struct vfio_region_info region = {};
	int served = 0;
	__u32 value;

	ASSERT_NE(NULL, memory);
	ASSERT_EQ(0, bind_to(self->device, self->iommufd));
	ASSERT_EQ(0, attach(self->device, self->ioas));
	ASSERT_EQ(0, ioas_map_fixed(self->iommufd, self->ioas, memory,
				    MEMORY_PAGES * page_size, 0));
	/*
	 * mtty is careless: a write to one without interrupts is a NULL pointer,
	 * a read of a region that it does not have is out of bounds
	 */
	for (int i = 0; i < VFIO_PCI_NUM_REGIONS; i++) {
		region.argsz = sizeof(region);
		region.index = i;
		if (!iommu_ioctl(self->device, VFIO_DEVICE_GET_REGION_INFO,
				 &region) && region.size &&
		    pread(self->device, &value, 4, region.offset) == 4)
			served++;
	}
	EXPECT_LE(2, served);
	EXPECT_EQ(0, status_pages("VmPin"));
	EXPECT_EQ(0, mock_check_pins(self->iommufd, memory,
				     MEMORY_PAGES * page_size, 0));
}

/*
 * The device for tests: bound, and attached to an IOAS with all of the memory
 */

FIXTURE(mdev)
{
	struct mdev mdev;
	int iommufd;
	__u32 ioas;
	int device;
	__u32 dev_id;
	__u8 *memory;
	__u64 length;
};

FIXTURE_SETUP(mdev)
{
	self->length = MEMORY_PAGES * page_size;
	self->memory = mmap(NULL, self->length, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->memory);
	memset(self->memory, 0, self->length);
	ASSERT_EQ(0, mdev_create(&self->mdev, "mdev_test", "mdev_test-pin", 0));
	self->iommufd = iommu_open();
	ASSERT_LE(0, self->iommufd);
	ASSERT_EQ(0, ioas_alloc(self->iommufd, &self->ioas));
	ASSERT_EQ(0, ioas_map_fixed(self->iommufd, self->ioas, self->memory,
				    self->length, IOVA));
	self->device = vfio_open_cdev(self->mdev.path);
	ASSERT_LE(0, self->device);
	ASSERT_EQ(0, bind_cookie(self->device, self->iommufd, COOKIE,
				 &self->dev_id));
	ASSERT_EQ(0, attach(self->device, self->ioas));
}

FIXTURE_TEARDOWN(mdev)
{
	close(self->device);
	EXPECT_EQ(0, mdev_remove(&self->mdev));
	EXPECT_EQ(0, status_pages("VmPin"));
	if (self->iommufd < 0)
		self->iommufd = iommu_open();
	EXPECT_EQ(0, mock_check_pins(self->iommufd, self->memory, self->length,
				     0));
	close(self->iommufd);
}

/* Close the device and open it again, bound to the same IOMMU fd */
static int reopen(int *device, const struct mdev *mdev, int iommufd)
{
	close(*device);
	*device = vfio_open_cdev(mdev->path);
	return *device < 0 ? *device : bind_to(*device, iommufd);
}

/* Another device, of any type */
static int open_other(struct mdev *mdev, const char *type, int *device)
{
	int rc = mdev_create(mdev, "mdev_test", type, 1);

	if (rc)
		return rc;
	*device = vfio_open_cdev(mdev->path);
	return *device < 0 ? *device : 0;
}

static int close_other(const struct mdev *mdev, int device)
{
	close(device);
	return mdev_remove(mdev);
}

/* Bind */

TEST_F(mdev, cookie_names_the_device)
{
	struct iommu_device_get_info info;
	struct iommu_iova_range range;
	struct iommu_format_info format;

	ASSERT_EQ(0, device_info(self->iommufd, COOKIE, &format, &range, 1,
				 &info));
	EXPECT_EQ(self->dev_id, info.out_dev_id);
	EXPECT_EQ(page_size, info.out_pgsizes);
	EXPECT_EQ(8 * sizeof(long), info.out_addr_width);
	EXPECT_EQ(IOMMU_DEVICE_CAP_COHERENT | IOMMU_DEVICE_CAP_ENFORCE_SNOOP |
		  IOMMU_DEVICE_CAP_ISOLATED_MSI, info.out_caps);
	EXPECT_EQ(1, info.num_formats);
	EXPECT_EQ(IOMMU_FORMAT_MAP_UNMAP, format.format);
	EXPECT_EQ(1, info.num_ranges);
	EXPECT_EQ(0, range.start);
	EXPECT_EQ((unsigned long)-1, range.last);

	EXPECT_EQ(-EMSGSIZE, device_info(self->iommufd, COOKIE, NULL, NULL, 0,
					 &info));
	EXPECT_EQ(self->dev_id, info.out_dev_id);
	EXPECT_EQ(1, info.num_formats);
	EXPECT_EQ(1, info.num_ranges);
	EXPECT_EQ(-EFAULT, device_info(self->iommufd, COOKIE, NULL, &range, 1,
				       &info));
	EXPECT_EQ(-EFAULT, device_info(self->iommufd, COOKIE, &format, NULL, 1,
				       &info));
	EXPECT_EQ(-ENOENT, device_info(self->iommufd, OTHER_COOKIE, &format,
				       &range, 1, &info));
}

TEST_F(mdev, cookie_goes_with_the_binding)
{
	struct iommu_device_get_info info;
	struct iommu_iova_range range;
	struct iommu_format_info format;

	close(self->device);
	self->device = -1;
	EXPECT_EQ(-ENOENT, device_info(self->iommufd, COOKIE, &format, &range,
				       1, &info));
	EXPECT_EQ(-ENOENT, iommu_destroy(self->iommufd, self->dev_id));
	EXPECT_EQ(0, iommu_destroy(self->iommufd, self->ioas));
}

TEST_F(mdev, cookie_of_another_device_is_in_use)
{
	struct mdev other;
	int device, group, pci;

	ASSERT_EQ(0, open_other(&other, "mdev_test-pin", &device));
	EXPECT_EQ(-EEXIST, bind_cookie(device, self->iommufd, COOKIE, NULL));
	/* the device is free for others, and the cookie when it is given back */
	group = vfio_open_group(other.path);
	EXPECT_LE(0, group);
	close(group);
	EXPECT_EQ(0, bind_cookie(device, self->iommufd, OTHER_COOKIE, NULL));

	/* the cookies of devices behind an IOMMU are no others */
	ASSERT_NE(NULL, getenv("EDU0"));
	pci = vfio_open_cdev(getenv("EDU0"));
	ASSERT_LE(0, pci);
	EXPECT_EQ(-EEXIST, bind_cookie(pci, self->iommufd, COOKIE, NULL));
	ASSERT_EQ(0, reopen(&self->device, &self->mdev, self->iommufd));
	EXPECT_EQ(0, bind_cookie(pci, self->iommufd, COOKIE, NULL));
	close(self->device);
	self->device = vfio_open_cdev(self->mdev.path);
	EXPECT_EQ(-EEXIST, bind_cookie(self->device, self->iommufd, COOKIE,
				       NULL));
	close(pci);
	EXPECT_EQ(0, bind_cookie(self->device, self->iommufd, COOKIE, NULL));
	EXPECT_EQ(0, close_other(&other, device));
}

TEST_F(mdev, same_cookie_is_free_in_another_iommufd)
{
	int device, iommufd = iommu_open();
	struct mdev other;

	ASSERT_EQ(0, open_other(&other, "mdev_test-pin", &device));
	EXPECT_EQ(0, bind_cookie(device, iommufd, COOKIE, NULL));
	EXPECT_EQ(0, close_other(&other, device));
	close(iommufd);
}

TEST_F(mdev, bind_is_once)
{
	int second = vfio_open_cdev(self->mdev.path);

	ASSERT_LE(0, second);
	EXPECT_EQ(-EINVAL, bind_to(self->device, self->iommufd));
	EXPECT_EQ(-EBUSY, bind_to(second, self->iommufd));
	EXPECT_EQ(-EINVAL, get_info(second));
	EXPECT_EQ(-EINVAL, attach(second, self->ioas));
	close(self->device);
	self->device = second;
	EXPECT_EQ(0, bind_to(self->device, self->iommufd));
}

TEST_F(mdev, bind_needs_an_iommufd)
{
	close(self->device);
	self->device = vfio_open_cdev(self->mdev.path);
	EXPECT_EQ(-EBADF, bind_to(self->device, -1));
	EXPECT_EQ(-EBADFD, bind_to(self->device, self->device));
	EXPECT_EQ(0, bind_to(self->device, self->iommufd));
}

TEST_F(mdev, token_is_invalid)
{
	__u8 uuid[16] = { 1 };

	close(self->device);
	self->device = vfio_open_cdev(self->mdev.path);
	EXPECT_EQ(-EINVAL, bind_token(self->device, self->iommufd, uuid));
	EXPECT_EQ(0, bind_to(self->device, self->iommufd));
}

TEST_F(mdev, device_that_does_not_open_is_not_bound)
{
	ASSERT_EQ(0, mdev_set(self->device, MDEV_TEST_FAIL_OPEN, ENOSPC));
	close(self->device);
	self->device = vfio_open_cdev(self->mdev.path);
	EXPECT_EQ(-ENOSPC, bind_cookie(self->device, self->iommufd, COOKIE,
				       NULL));
	EXPECT_EQ(-EINVAL, get_info(self->device));
	EXPECT_EQ(0, bind_cookie(self->device, self->iommufd, COOKIE, NULL));
}

/* What a device reads at IOVA; -errno if it cannot */
static int read_byte(int device, __u64 iova)
{
	__u8 byte;
	int rc = mdev_command(device, MDEV_TEST_READ, iova, 1) ?:
		 mdev_dump(device, &byte, 1);

	return rc ?: byte;
}

static int write_byte(int device, __u64 iova, __u8 byte)
{
	return mdev_fill(device, &byte, 1) ?:
	       mdev_command(device, MDEV_TEST_WRITE, iova, 1);
}

/*
 * Two devices, of one IOMMU fd or of two, each in an IOAS of its own: the same
 * IOVA is the memory of its own IOAS, and what only the other one has is nothing
 */
static void use_apart(struct __test_metadata *_metadata,
		      struct _test_data_mdev *self, int iommufd)
{
	__u8 *memory = memory_map(2 * page_size);
	struct mdev other;
	int device;
	__u32 ioas;

	ASSERT_NE(NULL, memory);
	ASSERT_EQ(0, open_other(&other, "mdev_test-pin", &device));
	ASSERT_EQ(0, bind_to(device, iommufd));
	ASSERT_EQ(0, ioas_alloc(iommufd, &ioas));
	ASSERT_EQ(0, ioas_map_fixed(iommufd, ioas, memory, page_size, IOVA));
	ASSERT_EQ(0, ioas_map_fixed(iommufd, ioas, memory + page_size,
				    page_size, OTHER_IOVA));
	EXPECT_EQ(-ENOENT, read_byte(device, IOVA));
	ASSERT_EQ(0, attach(device, ioas));
	self->memory[0] = 1;
	memory[0] = 2;
	memory[page_size] = 3;

	EXPECT_EQ(1, read_byte(self->device, IOVA));
	EXPECT_EQ(2, read_byte(device, IOVA));
	EXPECT_EQ(3, read_byte(device, OTHER_IOVA));
	EXPECT_EQ(-ENOENT, read_byte(self->device, OTHER_IOVA));
	EXPECT_EQ(-ENOENT, read_byte(device, IOVA + page_size));
	EXPECT_EQ(-ENOENT, write_byte(self->device, OTHER_IOVA, 9));
	EXPECT_EQ(-ENOENT, mdev_pin(self->device, OTHER_IOVA, page_size));
	EXPECT_EQ(-ENOENT, mdev_pin(device, IOVA + page_size, page_size));
	EXPECT_EQ(0, status_pages("VmPin"));

	ASSERT_EQ(0, write_byte(self->device, IOVA, 4));
	ASSERT_EQ(0, write_byte(device, IOVA, 5));
	EXPECT_EQ(4, self->memory[0]);
	EXPECT_EQ(5, memory[0]);
	EXPECT_EQ(3, memory[page_size]);

	ASSERT_EQ(0, mdev_pin(self->device, IOVA, page_size));
	ASSERT_EQ(0, mdev_pin(device, IOVA, page_size));
	EXPECT_EQ(0, mock_check_pins(iommufd, self->memory, page_size, 1));
	EXPECT_EQ(0, mock_check_pins(iommufd, memory, page_size, 1));
	/* the driver of the other one is not told */
	ASSERT_EQ(0, ioas_unmap_all(iommufd, ioas, NULL));
	EXPECT_EQ(1, mdev_read(device, MDEV_TEST_UNMAPS));
	EXPECT_EQ(0, mdev_read(device, MDEV_TEST_PINNED));
	EXPECT_EQ(0, mdev_read(self->device, MDEV_TEST_UNMAPS));
	EXPECT_EQ(1, mdev_read(self->device, MDEV_TEST_PINNED));
	EXPECT_EQ(-ENOENT, read_byte(device, IOVA));
	EXPECT_EQ(4, read_byte(self->device, IOVA));
	EXPECT_EQ(0, close_other(&other, device));
	EXPECT_EQ(1, status_pages("VmPin"));
	EXPECT_EQ(4, read_byte(self->device, IOVA));
}

TEST_F(mdev, devices_of_two_iommufds_reach_their_own_memory)
{
	int iommufd = iommu_open();

	ASSERT_LE(0, iommufd);
	use_apart(_metadata, self, iommufd);
	close(iommufd);
}

TEST_F(mdev, devices_of_two_ioases_reach_their_own_memory)
{
	use_apart(_metadata, self, self->iommufd);
}

TEST_F(mdev, ioas_of_another_iommufd_is_out_of_reach)
{
	int iommufd = iommu_open();
	__u32 ioas;

	ASSERT_LE(0, iommufd);
	ASSERT_EQ(0, detach(self->device));
	/* an ID that this one has, and the device's own one has not */
	do {
		ASSERT_EQ(0, ioas_alloc(iommufd, &ioas));
	} while (ioas <= self->ioas || ioas <= self->dev_id);
	ASSERT_EQ(0, ioas_map_fixed(iommufd, ioas, self->memory, page_size,
				    IOVA));
	EXPECT_EQ(-ENOENT, attach(self->device, ioas));
	EXPECT_EQ(-ENOENT, read_byte(self->device, IOVA));
	EXPECT_EQ(0, iommu_destroy(iommufd, ioas));
	close(iommufd);
	EXPECT_EQ(0, attach(self->device, self->ioas));
}

TEST_F(mdev, user_cannot_destroy_the_device)
{
	EXPECT_EQ(-EBUSY, iommu_destroy(self->iommufd, self->dev_id));
	EXPECT_EQ(0, get_info(self->device));
}

TEST_F(mdev, has_no_iommu_to_ask_or_to_make_tables_for)
{
	struct iommu_hw_info info = {
		.size = sizeof(info),
		.dev_id = self->dev_id,
	};
	__u32 hwpt;

	EXPECT_EQ(-ENOENT, iommu_ioctl(self->iommufd, IOMMU_GET_HW_INFO,
				       &info));
	EXPECT_EQ(-ENOENT, hwpt_alloc(self->iommufd, self->dev_id, self->ioas,
				      0, &hwpt));
}

/* Attach */

TEST_F(mdev, attach_returns_the_ioas)
{
	__u32 pt = self->ioas;

	ASSERT_EQ(0, attach_to(self->device, &pt));
	EXPECT_EQ(self->ioas, pt);
	EXPECT_EQ(-EBUSY, iommu_destroy(self->iommufd, self->ioas));
}

TEST_F(mdev, attach_to_anything_but_an_ioas_is_invalid)
{
	struct mock_device mock;
	__u32 other;

	ASSERT_EQ(0, ioas_alloc(self->iommufd, &other));
	ASSERT_EQ(0, mock_device(self->iommufd, other, &mock));

	EXPECT_EQ(-ENOENT, attach(self->device, mock.hwpt));
	EXPECT_EQ(-ENOENT, attach(self->device, self->dev_id));
	EXPECT_EQ(-ENOENT, attach(self->device, NO_ID));
	/* nothing has changed */
	EXPECT_EQ(0, mdev_pin(self->device, IOVA, page_size));

	ASSERT_EQ(0, detach(self->device));
	EXPECT_EQ(-ENOENT, attach(self->device, mock.hwpt));
	EXPECT_EQ(-ENOENT, attach(self->device, self->dev_id));
	EXPECT_EQ(-ENOENT, attach(self->device, NO_ID));
	EXPECT_EQ(-ENOENT, mdev_pin(self->device, IOVA, page_size));
	EXPECT_EQ(0, iommu_destroy(self->iommufd, self->ioas));
}

TEST_F(mdev, pasids_are_not_supported)
{
	struct vfio_device_attach_iommufd_pt cmd = {
		.argsz = sizeof(cmd),
		.flags = VFIO_DEVICE_ATTACH_PASID,
		.pt_id = self->ioas,
		.pasid = 1,
	};

	EXPECT_EQ(-EOPNOTSUPP, iommu_ioctl(self->device,
					   VFIO_DEVICE_ATTACH_IOMMUFD_PT,
					   &cmd));
}

TEST_F(mdev, detach_succeeds_without_attach)
{
	EXPECT_EQ(0, detach(self->device));
	EXPECT_EQ(0, detach(self->device));
	EXPECT_EQ(0, attach(self->device, self->ioas));
}

TEST_F(mdev, device_that_pins_demands_whole_pages)
{
	struct iommu_iova_range range;
	__u64 alignment;
	__u32 num = 1;

	ASSERT_EQ(0, ioas_iova_ranges(self->iommufd, self->ioas, &range, &num,
				      &alignment));
	EXPECT_EQ(page_size, alignment);
	EXPECT_EQ(-EINVAL, ioas_map_fixed(self->iommufd, self->ioas,
					  self->memory, page_size / 2,
					  OTHER_IOVA));
	ASSERT_EQ(0, detach(self->device));
	ASSERT_EQ(0, ioas_map_fixed(self->iommufd, self->ioas, self->memory,
				    page_size / 2, OTHER_IOVA));
	EXPECT_EQ(-EADDRINUSE, attach(self->device, self->ioas));
	ASSERT_EQ(0, ioas_unmap(self->iommufd, self->ioas, OTHER_IOVA,
				page_size / 2));
	EXPECT_EQ(0, attach(self->device, self->ioas));
}

TEST_F(mdev, device_that_never_pins_takes_parts_of_pages)
{
	struct iommu_device_get_info info;
	struct iommu_iova_range range;
	struct iommu_format_info format;
	struct mdev other;
	__u32 ioas;
	int device;
	__u8 byte;

	self->memory[1] = 0x5a;
	ASSERT_EQ(0, open_other(&other, "mdev_test-rw", &device));
	ASSERT_EQ(0, bind_cookie(device, self->iommufd, OTHER_COOKIE, NULL));
	ASSERT_EQ(0, device_info(self->iommufd, OTHER_COOKIE, &format, &range,
				 1, &info));
	EXPECT_EQ(1, info.out_pgsizes);
	ASSERT_EQ(0, ioas_alloc(self->iommufd, &ioas));
	ASSERT_EQ(0, ioas_map_fixed(self->iommufd, ioas, self->memory + 1, 1,
				    IOVA + 3));
	ASSERT_EQ(0, attach(device, ioas));
	EXPECT_EQ(0, mdev_command(device, MDEV_TEST_READ, IOVA + 3, 1));
	EXPECT_EQ(0, mdev_dump(device, &byte, 1));
	EXPECT_EQ(0x5a, byte);
	EXPECT_EQ(-ENOENT, mdev_command(device, MDEV_TEST_READ, IOVA + 2, 1));
	EXPECT_EQ(0, close_other(&other, device));
}

/* Pin */

TEST_F(mdev, pins_what_it_is_told)
{
	EXPECT_EQ(0, status_pages("VmPin"));
	ASSERT_EQ(0, mdev_pin(self->device, IOVA + page_size, 3 * page_size));
	EXPECT_EQ(3, mdev_read(self->device, MDEV_TEST_PINNED));
	EXPECT_EQ(3, status_pages("VmPin"));
	EXPECT_EQ(0, mock_check_pins(self->iommufd, self->memory, page_size,
				     0));
	EXPECT_EQ(0, mock_check_pins(self->iommufd, self->memory + page_size,
				     3 * page_size, 1));
	EXPECT_EQ(0, mock_check_pins(self->iommufd,
				     self->memory + 4 * page_size, page_size,
				     0));

	ASSERT_EQ(0, mdev_command(self->device, MDEV_TEST_UNPIN,
				  IOVA + 2 * page_size, page_size));
	EXPECT_EQ(2, status_pages("VmPin"));
	EXPECT_EQ(0, mock_check_pins(self->iommufd,
				     self->memory + 2 * page_size, page_size,
				     0));
}

TEST_F(mdev, pinned_pages_are_those_of_the_user)
{
	__u8 data[300], copy[sizeof(data)];
	size_t offset = page_size - 100;

	memset(data, 0xc3, sizeof(data));
	ASSERT_EQ(0, mdev_pin(self->device, IOVA, 2 * page_size));
	ASSERT_EQ(0, mdev_fill(self->device, data, sizeof(data)));
	ASSERT_EQ(0, mdev_command(self->device, MDEV_TEST_WRITE_PINNED,
				  IOVA + offset, sizeof(data)));
	EXPECT_EQ(0, self->memory[offset - 1]);
	EXPECT_EQ(0, memcmp(self->memory + offset, data, sizeof(data)));
	EXPECT_EQ(0, self->memory[offset + sizeof(data)]);

	memset(self->memory + offset, 0x3c, sizeof(data));
	ASSERT_EQ(0, mdev_command(self->device, MDEV_TEST_READ_PINNED,
				  IOVA + offset, sizeof(data)));
	ASSERT_EQ(0, mdev_dump(self->device, copy, sizeof(copy)));
	EXPECT_EQ(0, memcmp(self->memory + offset, copy, sizeof(copy)));
}

TEST_F(mdev, iova_within_a_page_pins_the_page)
{
	ASSERT_EQ(0, mdev_pin(self->device, IOVA + 2 * page_size + 8,
			      2 * page_size));
	EXPECT_EQ(2, status_pages("VmPin"));
	EXPECT_EQ(0, mock_check_pins(self->iommufd,
				     self->memory + 2 * page_size,
				     2 * page_size, 1));
}

TEST_F(mdev, pins_across_mappings)
{
	ASSERT_EQ(0, ioas_map_fixed(self->iommufd, self->ioas, self->memory,
				    page_size, IOVA + self->length));
	ASSERT_EQ(0, mdev_pin(self->device, IOVA + self->length - page_size,
			      2 * page_size));
	EXPECT_EQ(0, mock_check_pins(self->iommufd, self->memory, page_size,
				     1));
	EXPECT_EQ(0, mock_check_pins(self->iommufd,
				     self->memory + self->length - page_size,
				     page_size, 1));
}

TEST_F(mdev, failed_pin_leaves_nothing_pinned)
{
	__u64 read_only = OTHER_IOVA, last = -(__u64)page_size;
	__u8 *gone = memory_map(page_size);

	/* not mapped, or not all of it */
	EXPECT_EQ(-ENOENT, mdev_pin(self->device, NOT_MAPPED, page_size));
	EXPECT_EQ(-ENOENT, mdev_pin(self->device,
				    IOVA + self->length - page_size,
				    2 * page_size));
	/* not to be written to */
	ASSERT_EQ(0, ioas_map_flags(self->iommufd, self->ioas, self->memory,
				    page_size, &read_only,
				    IOMMU_IOAS_MAP_READABLE |
				    IOMMU_IOAS_MAP_FIXED_IOVA));
	EXPECT_EQ(-EPERM, mdev_pin(self->device, OTHER_IOVA, page_size));
	/* no memory there */
	ASSERT_EQ(0, ioas_map_fixed(self->iommufd, self->ioas, gone, page_size,
				    IOVA + self->length));
	ASSERT_EQ(0, munmap(gone, page_size));
	EXPECT_EQ(-EFAULT, mdev_pin(self->device, IOVA + self->length,
				    page_size));
	EXPECT_EQ(-EFAULT, mdev_pin(self->device,
				    IOVA + self->length - page_size,
				    2 * page_size));
	/* impossible */
	EXPECT_EQ(-EINVAL, mdev_pin(self->device, IOVA, 0));
	EXPECT_EQ(-E2BIG, mdev_pin(self->device, IOVA, 513 * page_size));
	ASSERT_EQ(0, ioas_map_fixed(self->iommufd, self->ioas, self->memory,
				    page_size, last));
	EXPECT_EQ(-EOVERFLOW, mdev_pin(self->device, last, 2 * page_size));

	EXPECT_EQ(0, mdev_read(self->device, MDEV_TEST_PINNED));
	EXPECT_EQ(0, status_pages("VmPin"));
	EXPECT_EQ(0, mock_check_pins(self->iommufd, self->memory, self->length,
				     0));
	EXPECT_EQ(0, mdev_pin(self->device, last, page_size));
	EXPECT_EQ(0, mdev_command(self->device, MDEV_TEST_PIN, OTHER_IOVA,
				  page_size));
}

TEST_F(mdev, device_that_cannot_be_told_cannot_pin)
{
	struct mdev other;
	int device;

	ASSERT_EQ(0, open_other(&other, "mdev_test-rw", &device));
	ASSERT_EQ(0, bind_to(device, self->iommufd));
	ASSERT_EQ(0, attach(device, self->ioas));
	EXPECT_EQ(-EINVAL, mdev_pin(device, IOVA, page_size));
	EXPECT_EQ(0, close_other(&other, device));
}

static int become_nobody(rlim_t pages)
{
	struct rlimit limit = {
		.rlim_cur = pages * page_size,
		.rlim_max = pages * page_size,
	};

	return setrlimit(RLIMIT_MEMLOCK, &limit) || setgroups(0, NULL) ||
	       setgid(NOBODY) || setuid(NOBODY);
}

/* Who maps the memory pays for it: a process without privileges */
TEST_F(mdev, pins_count_for_who_mapped_the_memory)
{
	__u8 *memory = memory_map(4 * page_size);
	int status;
	pid_t pid;

	pid = fork();
	if (!pid)
		_exit(become_nobody(3) ? 1 :
		      ioas_map_fixed(self->iommufd, self->ioas, memory,
				     4 * page_size, OTHER_IOVA) ? 2 :
		      mdev_pin(self->device, OTHER_IOVA,
			       4 * page_size) != -ENOMEM ? 3 :
		      mdev_pin(self->device, OTHER_IOVA, 3 * page_size) ? 4 :
		      mdev_pin(self->device, OTHER_IOVA + 3 * page_size,
			       page_size) != -ENOMEM ? 5 :
		      status_pages("VmPin") != 3 ? 6 :
		      mdev_command(self->device, MDEV_TEST_UNPIN, OTHER_IOVA,
				   page_size) ? 7 :
		      mdev_pin(self->device, OTHER_IOVA + 3 * page_size,
			       page_size) ? 8 : 0);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_TRUE(WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status));
}

TEST_F(mdev, shares_what_a_hardware_table_has_pinned)
{
	struct mock_device mock;

	ASSERT_EQ(0, ioas_unmap_all(self->iommufd, self->ioas, NULL));
	ASSERT_EQ(0, mock_device(self->iommufd, self->ioas, &mock));
	ASSERT_EQ(0, ioas_map_fixed(self->iommufd, self->ioas, self->memory,
				    self->length, IOVA));
	EXPECT_EQ(MEMORY_PAGES, status_pages("VmPin"));
	ASSERT_EQ(0, mdev_pin(self->device, IOVA, 2 * page_size));
	EXPECT_EQ(MEMORY_PAGES, status_pages("VmPin"));
	EXPECT_EQ(0, mock_check_pins(self->iommufd, self->memory, self->length,
				     1));
	ASSERT_EQ(0, iommu_destroy(self->iommufd, mock.stdev));
	EXPECT_EQ(2, status_pages("VmPin"));
}

/* Read and write */

TEST_F(mdev, reads_and_writes_any_bytes)
{
	__u8 data[8192], copy[sizeof(data)];
	size_t length = page_size + 77, offset = page_size - 33;

	ASSERT_GE(sizeof(data), length);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = i % 251;
	ASSERT_EQ(0, mdev_fill(self->device, data, length));
	ASSERT_EQ(0, mdev_command(self->device, MDEV_TEST_WRITE, IOVA + offset,
				  length));
	EXPECT_EQ(0, self->memory[offset - 1]);
	EXPECT_EQ(0, memcmp(self->memory + offset, data, length));
	EXPECT_EQ(0, self->memory[offset + length]);

	memset(self->memory + offset, 0x11, length);
	ASSERT_EQ(0, mdev_command(self->device, MDEV_TEST_READ, IOVA + offset,
				  length));
	ASSERT_EQ(0, mdev_dump(self->device, copy, length));
	EXPECT_EQ(0, memcmp(self->memory + offset, copy, length));
	EXPECT_EQ(0, status_pages("VmPin"));
}

TEST_F(mdev, reads_and_writes_only_what_is_mapped_for_it)
{
	__u64 read_only = OTHER_IOVA, write_only = OTHER_IOVA + page_size;

	EXPECT_EQ(-ENOENT, mdev_command(self->device, MDEV_TEST_READ,
					NOT_MAPPED, 1));
	EXPECT_EQ(-ENOENT, mdev_command(self->device, MDEV_TEST_WRITE,
					IOVA + self->length - 1, 2));
	ASSERT_EQ(0, ioas_map_flags(self->iommufd, self->ioas, self->memory,
				    page_size, &read_only,
				    IOMMU_IOAS_MAP_READABLE |
				    IOMMU_IOAS_MAP_FIXED_IOVA));
	ASSERT_EQ(0, ioas_map_flags(self->iommufd, self->ioas, self->memory,
				    page_size, &write_only,
				    IOMMU_IOAS_MAP_WRITEABLE |
				    IOMMU_IOAS_MAP_FIXED_IOVA));
	EXPECT_EQ(0, mdev_command(self->device, MDEV_TEST_READ, read_only, 1));
	EXPECT_EQ(-EPERM, mdev_command(self->device, MDEV_TEST_WRITE,
				       read_only, 1));
	EXPECT_EQ(0, mdev_command(self->device, MDEV_TEST_WRITE, write_only,
				  1));
	EXPECT_EQ(-EPERM, mdev_command(self->device, MDEV_TEST_READ,
				       write_only, 1));
	EXPECT_EQ(-EINVAL, mdev_command(self->device, MDEV_TEST_READ, IOVA, 0));
	EXPECT_EQ(-EOVERFLOW, mdev_command(self->device, MDEV_TEST_READ,
					   UINT64_MAX, 2));

	ASSERT_EQ(0, detach(self->device));
	EXPECT_EQ(-ENOENT, mdev_command(self->device, MDEV_TEST_READ, IOVA, 1));
	EXPECT_EQ(-ENOENT, mdev_command(self->device, MDEV_TEST_WRITE, IOVA,
					1));
}

/* Unmap, detach, replace and close */

TEST_F(mdev, unmap_makes_the_driver_let_go)
{
	ASSERT_EQ(0, mdev_pin(self->device, IOVA + page_size, 2 * page_size));
	ASSERT_EQ(0, ioas_unmap(self->iommufd, self->ioas, IOVA, self->length));
	EXPECT_EQ(1, mdev_read(self->device, MDEV_TEST_UNMAPS));
	EXPECT_EQ(IOVA, mdev_read(self->device, MDEV_TEST_UNMAP_IOVA));
	EXPECT_EQ(self->length,
		  mdev_read(self->device, MDEV_TEST_UNMAP_LENGTH));
	EXPECT_EQ(0, mdev_read(self->device, MDEV_TEST_PINNED));
	EXPECT_EQ(0, status_pages("VmPin"));
	EXPECT_EQ(0, mock_check_pins(self->iommufd, self->memory, self->length,
				     0));
}

TEST_F(mdev, driver_is_not_told_of_what_nobody_pins)
{
	ASSERT_EQ(0, ioas_map_fixed(self->iommufd, self->ioas, self->memory,
				    page_size, OTHER_IOVA));
	ASSERT_EQ(0, mdev_pin(self->device, OTHER_IOVA, page_size));
	ASSERT_EQ(0, ioas_unmap(self->iommufd, self->ioas, IOVA, self->length));
	EXPECT_EQ(0, mdev_read(self->device, MDEV_TEST_UNMAPS));
	EXPECT_EQ(1, mdev_read(self->device, MDEV_TEST_PINNED));
}

TEST_F(mdev, detach_makes_the_driver_let_go_by_mapping)
{
	ASSERT_EQ(0, ioas_map_fixed(self->iommufd, self->ioas, self->memory,
				    page_size, OTHER_IOVA));
	ASSERT_EQ(0, mdev_pin(self->device, IOVA, page_size));
	ASSERT_EQ(0, mdev_pin(self->device, OTHER_IOVA, page_size));
	ASSERT_EQ(0, detach(self->device));
	EXPECT_EQ(2, mdev_read(self->device, MDEV_TEST_UNMAPS));
	EXPECT_EQ(OTHER_IOVA, mdev_read(self->device, MDEV_TEST_UNMAP_IOVA));
	EXPECT_EQ(page_size, mdev_read(self->device, MDEV_TEST_UNMAP_LENGTH));
	EXPECT_EQ(0, mdev_read(self->device, MDEV_TEST_PINNED));
	EXPECT_EQ(0, status_pages("VmPin"));
	EXPECT_EQ(0, iommu_destroy(self->iommufd, self->ioas));
}

TEST_F(mdev, detach_tells_nobody_without_pins)
{
	ASSERT_EQ(0, detach(self->device));
	EXPECT_EQ(0, mdev_read(self->device, MDEV_TEST_UNMAPS));
}

TEST_F(mdev, replace_makes_the_driver_let_go)
{
	__u32 new;

	ASSERT_EQ(0, ioas_alloc(self->iommufd, &new));
	ASSERT_EQ(0, ioas_map_fixed(self->iommufd, new,
				    self->memory + page_size, page_size,
				    OTHER_IOVA));
	ASSERT_EQ(0, mdev_pin(self->device, IOVA, page_size));
	ASSERT_EQ(0, attach(self->device, new));
	EXPECT_EQ(1, mdev_read(self->device, MDEV_TEST_UNMAPS));
	EXPECT_EQ(0, mdev_read(self->device, MDEV_TEST_PINNED));
	EXPECT_EQ(-ENOENT, mdev_pin(self->device, IOVA, page_size));
	EXPECT_EQ(0, mdev_pin(self->device, OTHER_IOVA, page_size));
	EXPECT_EQ(0, mock_check_pins(self->iommufd, self->memory, page_size,
				     0));
	EXPECT_EQ(0, mock_check_pins(self->iommufd, self->memory + page_size,
				     page_size, 1));
	EXPECT_EQ(0, iommu_destroy(self->iommufd, self->ioas));
	EXPECT_EQ(-EBUSY, iommu_destroy(self->iommufd, new));
}

TEST_F(mdev, refused_replace_keeps_pins)
{
	__u32 partial;

	ASSERT_EQ(0, ioas_alloc(self->iommufd, &partial));
	ASSERT_EQ(0, ioas_map_fixed(self->iommufd, partial, self->memory,
				    page_size / 2, 0));
	ASSERT_EQ(0, mdev_pin(self->device, IOVA, page_size));
	EXPECT_EQ(-EADDRINUSE, attach(self->device, partial));
	EXPECT_EQ(-ENOENT, attach(self->device, NO_ID));
	EXPECT_EQ(0, mdev_read(self->device, MDEV_TEST_UNMAPS));
	EXPECT_EQ(1, mdev_read(self->device, MDEV_TEST_PINNED));
	EXPECT_EQ(0, iommu_destroy(self->iommufd, partial));
}

TEST_F(mdev, attach_to_the_same_again_keeps_pins)
{
	ASSERT_EQ(0, mdev_pin(self->device, IOVA, page_size));
	EXPECT_EQ(0, attach(self->device, self->ioas));
	EXPECT_EQ(0, mdev_read(self->device, MDEV_TEST_UNMAPS));
	EXPECT_EQ(1, mdev_read(self->device, MDEV_TEST_PINNED));
}

TEST_F(mdev, driver_that_unpins_on_close_is_not_told)
{
	ASSERT_EQ(0, mdev_pin(self->device, IOVA, page_size));
	ASSERT_EQ(0, reopen(&self->device, &self->mdev, self->iommufd));
	EXPECT_EQ(0, mdev_read(self->device, MDEV_TEST_UNMAPS));
	EXPECT_EQ(0, mdev_read(self->device, MDEV_TEST_PINNED));
	EXPECT_EQ(0, status_pages("VmPin"));
	EXPECT_EQ(0, iommu_destroy(self->iommufd, self->ioas));
}

TEST_F(mdev, close_makes_the_driver_let_go)
{
	ASSERT_EQ(0, mdev_set(self->device, MDEV_TEST_KEEP_PINS, 1));
	ASSERT_EQ(0, mdev_pin(self->device, IOVA, page_size));
	ASSERT_EQ(0, reopen(&self->device, &self->mdev, self->iommufd));
	EXPECT_EQ(1, mdev_read(self->device, MDEV_TEST_UNMAPS));
	EXPECT_EQ(0, mdev_read(self->device, MDEV_TEST_PINNED));
	EXPECT_EQ(0, status_pages("VmPin"));
	EXPECT_EQ(0, iommu_destroy(self->iommufd, self->ioas));
}

TEST_F(mdev, works_on_when_the_iommufd_is_closed)
{
	ASSERT_EQ(0, mdev_pin(self->device, IOVA, page_size));
	ASSERT_EQ(0, close(self->iommufd));
	self->iommufd = -1;
	EXPECT_EQ(0, mdev_pin(self->device, IOVA + page_size, page_size));
	EXPECT_EQ(0, mdev_command(self->device, MDEV_TEST_WRITE, IOVA, 1));
	EXPECT_EQ(2, status_pages("VmPin"));
	EXPECT_EQ(0, detach(self->device));
	EXPECT_EQ(0, status_pages("VmPin"));
}

/* Groups and containers */

static int map_dma(int container, void *va, __u64 iova, __u64 length)
{
	struct vfio_iommu_type1_dma_map cmd = {
		.argsz = sizeof(cmd),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)va,
		.iova = iova,
		.size = length,
	};

	return iommu_ioctl(container, VFIO_IOMMU_MAP_DMA, &cmd);
}

static int unmap_dma(int container, __u64 iova, __u64 length)
{
	struct vfio_iommu_type1_dma_unmap cmd = {
		.argsz = sizeof(cmd),
		.iova = iova,
		.size = length,
	};

	return iommu_ioctl(container, VFIO_IOMMU_UNMAP_DMA, &cmd);
}

static void use_in_container(struct __test_metadata *_metadata,
			     struct _test_data_mdev *self,
			     const char *container)
{
	struct legacy legacy;
	__u8 byte = 0x77;

	close(self->device);
	self->device = -1;
	ASSERT_EQ(0, legacy_open_in(&legacy, self->mdev.path, container));
	ASSERT_EQ(0, map_dma(legacy.container, self->memory, IOVA,
			     self->length));
	ASSERT_EQ(0, mdev_pin(legacy.fd, IOVA, 2 * page_size));
	EXPECT_EQ(0, mock_check_pins(self->iommufd, self->memory,
				     2 * page_size, 1));
	ASSERT_EQ(0, mdev_fill(legacy.fd, &byte, 1));
	EXPECT_EQ(0, mdev_command(legacy.fd, MDEV_TEST_WRITE, IOVA + 5, 1));
	EXPECT_EQ(0x77, self->memory[5]);
	ASSERT_EQ(0, unmap_dma(legacy.container, IOVA, self->length));
	EXPECT_EQ(1, mdev_read(legacy.fd, MDEV_TEST_UNMAPS));
	EXPECT_EQ(IOVA, mdev_read(legacy.fd, MDEV_TEST_UNMAP_IOVA));
	EXPECT_EQ(self->length, mdev_read(legacy.fd, MDEV_TEST_UNMAP_LENGTH));
	EXPECT_EQ(0, mdev_read(legacy.fd, MDEV_TEST_PINNED));
	/* what is pinned when it is closed is let go */
	ASSERT_EQ(0, map_dma(legacy.container, self->memory, IOVA,
			     self->length));
	ASSERT_EQ(0, mdev_pin(legacy.fd, IOVA, page_size));
	legacy_close(&legacy);
	EXPECT_EQ(0, mock_check_pins(self->iommufd, self->memory, page_size,
				     0));
}

TEST_F(mdev, does_the_same_in_a_container)
{
	use_in_container(_metadata, self, "/dev/vfio/vfio");
}

TEST_F(mdev, does_the_same_in_an_iommufd_as_container)
{
	use_in_container(_metadata, self, "/dev/iommu");
}

TEST_F(mdev, group_and_iommufd_exclude_each_other)
{
	int group;

	EXPECT_EQ(-EBUSY, vfio_open_group(self->mdev.path));
	close(self->device);
	group = vfio_open_group(self->mdev.path);
	ASSERT_LE(0, group);
	self->device = vfio_open_cdev(self->mdev.path);
	ASSERT_LE(0, self->device);
	EXPECT_EQ(-EBUSY, bind_to(self->device, self->iommufd));
	close(group);
	EXPECT_EQ(0, bind_to(self->device, self->iommufd));
}

/* Death and removal */

/* In a child: have the device of its own, with memory pinned, and wait */
static void use_forever(const struct mdev *mdev, void *memory, __u64 length,
			int ready)
{
	int device = vfio_open_cdev(mdev->path);
	int iommufd = iommu_open();
	__u32 ioas;

	if (!bind_cookie(device, iommufd, COOKIE, NULL) &&
	    !ioas_alloc(iommufd, &ioas) && !attach(device, ioas) &&
	    !ioas_map_fixed(iommufd, ioas, memory, length, IOVA) &&
	    !mdev_set(device, MDEV_TEST_KEEP_PINS, 1) &&
	    !mdev_pin(device, IOVA, length) && write(ready, "", 1) == 1)
		pause();
	_exit(1);
}

TEST_F(mdev, killed_process_leaves_nothing)
{
	int status, ready[2];
	pid_t pid;
	char byte;

	close(self->device);
	self->device = -1;
	ASSERT_EQ(0, pipe(ready));
	pid = fork();
	if (!pid)
		use_forever(&self->mdev, self->memory, self->length, ready[1]);
	close(ready[1]);
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	EXPECT_EQ(0, mock_check_pins(self->iommufd, self->memory, self->length,
				     1));
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));

	EXPECT_EQ(0, mock_check_pins(self->iommufd, self->memory, self->length,
				     0));
	self->device = vfio_open_cdev(self->mdev.path);
	ASSERT_EQ(0, bind_cookie(self->device, self->iommufd, COOKIE, NULL));
	EXPECT_EQ(0, mdev_read(self->device, MDEV_TEST_PINNED));
	EXPECT_EQ(1, mdev_read(self->device, MDEV_TEST_UNMAPS));
}

/* The child must not hold what it waits for */
static pid_t remove_in_child(const struct mdev *mdev, int device)
{
	pid_t pid = fork();

	if (!pid) {
		close(device);
		_exit(-mdev_remove(mdev));
	}
	return pid;
}

static bool comes_true(int device, enum mdev_test_register offset)
{
	for (int i = 0; i < 1000; i++) {
		if (mdev_read(device, offset))
			return true;
		usleep(10000);
	}
	return false;
}

TEST_F(mdev, removal_asks_the_user_and_waits)
{
	struct mdev other;
	char path[512];
	int status, device;
	pid_t pid;

	ASSERT_EQ(0, open_other(&other, "mdev_test-pin", &device));
	ASSERT_EQ(0, bind_to(device, self->iommufd));
	ASSERT_EQ(0, attach(device, self->ioas));
	ASSERT_EQ(0, mdev_pin(device, IOVA, page_size));
	ASSERT_EQ(0, vfio_cdev_path(other.path, path, sizeof(path)));

	pid = remove_in_child(&other, device);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(comes_true(device, MDEV_TEST_REQUESTS));
	EXPECT_EQ(0, waitpid(pid, &status, WNOHANG));
	/* nobody new gets in, whoever is in can go on */
	EXPECT_EQ(-1, open(path, O_RDWR));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(0, mdev_pin(device, IOVA + page_size, page_size));
	EXPECT_EQ(2, status_pages("VmPin"));
	EXPECT_EQ(0, detach(device));
	EXPECT_EQ(0, status_pages("VmPin"));
	EXPECT_EQ(0, attach(device, self->ioas));
	EXPECT_EQ(0, mdev_pin(device, IOVA, page_size));

	close(device);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(-1, access(path, F_OK));
	EXPECT_EQ(0, status_pages("VmPin"));
}

TEST_F(mdev, removal_does_not_wait_for_descriptors_without_binding)
{
	struct mdev other;
	int device;

	ASSERT_EQ(0, open_other(&other, "mdev_test-pin", &device));
	ASSERT_EQ(0, mdev_remove(&other));
	EXPECT_EQ(-ENODEV, bind_to(device, self->iommufd));
	EXPECT_EQ(-EINVAL, get_info(device));
	close(device);
}

TEST_F(mdev, removal_comes_to_an_end_when_the_user_is_killed)
{
	int status, remove_status, ready[2];
	struct mdev other;
	pid_t user, pid;
	char byte;

	ASSERT_EQ(0, mdev_create(&other, "mdev_test", "mdev_test-pin", 1));
	ASSERT_EQ(0, pipe(ready));
	user = fork();
	if (!user)
		use_forever(&other, self->memory, self->length, ready[1]);
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	pid = remove_in_child(&other, -1);
	ASSERT_LT(0, pid);
	usleep(100000);
	EXPECT_EQ(0, waitpid(pid, &remove_status, WNOHANG));
	kill(user, SIGKILL);
	ASSERT_EQ(user, waitpid(user, &status, 0));
	ASSERT_EQ(pid, waitpid(pid, &remove_status, 0));
	EXPECT_EQ(0, remove_status);
}

/*
 * Many at once: the device pins under a lock that its driver also takes when it is
 * told of an unmap
 */

#define CROWD_SECONDS	2

struct crowd {
	int iommufd;
	int device;
	__u32 ioas[2];
	__u8 *memory;
	__u64 length;
	time_t end;
};

struct member {
	struct crowd *crowd;
	unsigned long successes;
	int unexpected;		/* an errno that cannot be explained */
};

static void note(struct member *m, int rc)
{
	if (!rc)
		m->successes++;
	/* others may have been faster */
	else if (rc != -ENOENT && rc != -EEXIST)
		m->unexpected = rc;
}

static bool goes_on(struct member *m)
{
	return time(NULL) < m->crowd->end ||
	       (!m->successes && time(NULL) < m->crowd->end + 20);
}

static void *crowd_pin(void *arg)
{
	struct member *m = arg;
	struct crowd *c = m->crowd;

	/* one thread has the registers: they are not its own */
	while (goes_on(m)) {
		note(m, mdev_pin(c->device, IOVA, c->length / 2));
		note(m, mdev_pin(c->device, IOVA + c->length / 2,
				 c->length / 2));
		note(m, mdev_command(c->device, MDEV_TEST_WRITE, IOVA, 100));
		note(m, mdev_command(c->device, MDEV_TEST_UNPIN, IOVA,
				     c->length));
	}
	return NULL;
}

static void *crowd_map(void *arg)
{
	struct member *m = arg;
	struct crowd *c = m->crowd;

	for (int i = 0; goes_on(m); i++)
		note(m, ioas_map_fixed(c->iommufd, c->ioas[i % 2], c->memory,
				       c->length, IOVA));
	return NULL;
}

static void *crowd_unmap(void *arg)
{
	struct member *m = arg;
	struct crowd *c = m->crowd;

	for (int i = 0; goes_on(m); i++)
		note(m, ioas_unmap(c->iommufd, c->ioas[i % 2], IOVA,
				   c->length));
	return NULL;
}

static void *crowd_replace(void *arg)
{
	struct member *m = arg;
	struct crowd *c = m->crowd;

	for (int i = 0; goes_on(m); i++) {
		if (i % 8 == 7)
			note(m, detach(c->device));
		note(m, attach(c->device, c->ioas[i % 2]));
	}
	return NULL;
}

TEST_F(mdev, concurrent_pin_unmap_and_replace_leave_nothing_pinned)
{
	void *(*const role[])(void *arg) = {
		crowd_pin, crowd_map, crowd_unmap, crowd_replace,
	};
	struct member member[ARRAY_SIZE(role)] = {};
	pthread_t thread[ARRAY_SIZE(role)];
	struct crowd crowd = {
		.iommufd = self->iommufd,
		.device = self->device,
		.ioas = { self->ioas },
		.memory = self->memory,
		.length = self->length,
		.end = time(NULL) + CROWD_SECONDS,
	};

	ASSERT_EQ(0, ioas_alloc(self->iommufd, &crowd.ioas[1]));
	for (size_t i = 0; i < ARRAY_SIZE(role); i++) {
		member[i].crowd = &crowd;
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, role[i],
					    &member[i]));
	}
	for (size_t i = 0; i < ARRAY_SIZE(role); i++) {
		ASSERT_EQ(0, pthread_join(thread[i], NULL));
		EXPECT_LT(0, member[i].successes) {
			TH_LOG("thread %zu", i);
		}
		EXPECT_EQ(0, member[i].unexpected) {
			TH_LOG("thread %zu", i);
		}
	}
	EXPECT_EQ(0, detach(self->device));
	EXPECT_EQ(0, mdev_read(self->device, MDEV_TEST_PINNED));
}

TEST_HARNESS_MAIN
