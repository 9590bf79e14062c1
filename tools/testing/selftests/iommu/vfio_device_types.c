// SPDX-License-Identifier: GPL-2.0-only
/*
 * The types that drivers/vfio/pci/edu gives out an edu device as (device_types
 * and device_type in sysfs), and what user space can do with each.
 *
 * EDU1 names an edu device that is bound to vfio-pci, and is again in the end.
 */
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#include "edu_device.h"
#include "vfio_ioctl.h"
#include "../../../iommu/vfio-device.h"
#include "harness.h"

#define IOVA		0x100000ULL
#define BAR		VFIO_PCI_BAR0_REGION_INDEX

/* Registers of edu */
#define LIVENESS	0x04
#define FACTORIAL	0x08
#define STATUS		0x20
#define STATUS_BUSY	0x01
#define DMA_SOURCE	0x80
#define DMA_COUNT	0x90
#define DMA_COMMAND	0x98
#define MEMORY		0x40000

static int sysfs_write(const char *bdf, const char *name, const char *value)
{
	char path[128];
	int fd, rc;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", bdf, name);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return -errno;
	rc = write(fd, value, strlen(value)) < 0 ? -errno : 0;
	close(fd);
	return rc;
}

static int sysfs_read(const char *bdf, const char *name, char *value, int size)
{
	char path[128];
	int fd, rc;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", bdf, name);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return -errno;
	rc = read(fd, value, size - 1);
	if (rc >= 0)
		value[rc] = 0;
	close(fd);
	return rc < 0 ? -errno : 0;
}

static int change_driver(const char *bdf, const char *driver)
{
	int fd, rc;

	rc = sysfs_write(bdf, "driver_override", driver) ?:
	     sysfs_write(bdf, "driver/unbind", bdf);
	if (rc)
		return rc;
	fd = open("/sys/bus/pci/drivers_probe", O_WRONLY);
	if (fd < 0)
		return -errno;
	rc = write(fd, bdf, strlen(bdf)) < 0 ? -errno : 0;
	close(fd);
	return rc;
}

FIXTURE(types)
{
	const char *bdf;
	char now[32];
	int fd;
	__u32 ioas;
	struct edu_device edu;
	__u64 bar;
};

FIXTURE_SETUP(types)
{
	self->fd = -1;
	self->edu.fd = -1;
	self->bdf = getenv("EDU1");
	ASSERT_NE(NULL, self->bdf);
	ASSERT_EQ(0, change_driver(self->bdf, "edu-vfio-pci"));
	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->ioas));
}

FIXTURE_TEARDOWN(types)
{
	edu_device_close(&self->edu);
	close(self->fd);
	EXPECT_EQ(0, change_driver(self->bdf, "vfio-pci"));
}

/* Bound and attached, for access by read and write */
static int open_device(struct _test_data_types *self)
{
	return edu_device_open(&self->edu, self->bdf) ?:
	       bind_to(self->edu.fd, self->fd) ?:
	       attach(self->edu.fd, self->ioas) ?:
	       vfio_enable_dma(self->edu.fd) ?:
	       vfio_region_offset(self->edu.fd, BAR, &self->bar);
}

static int get(struct _test_data_types *self, unsigned int reg)
{
	__u32 value = 0xdeadbeef;

	if (pread(self->edu.fd, &value, 4, self->bar + reg) != 4)
		return -EIO;
	return value;
}

static int set(struct _test_data_types *self, unsigned int reg, __u32 value)
{
	return pwrite(self->edu.fd, &value, 4, self->bar + reg) == 4 ? 0 : -EIO;
}

TEST_F(types, are_listed_and_the_first_is_chosen)
{
	ASSERT_EQ(0, sysfs_read(self->bdf, "device_types", self->now,
				sizeof(self->now)));
	EXPECT_STREQ("full\ncompute\n", self->now);
	ASSERT_EQ(0, sysfs_read(self->bdf, "device_type", self->now,
				sizeof(self->now)));
	EXPECT_STREQ("full\n", self->now);
}

TEST_F(types, choice_is_kept)
{
	ASSERT_EQ(0, sysfs_write(self->bdf, "device_type", "compute\n"));
	ASSERT_EQ(0, sysfs_read(self->bdf, "device_type", self->now,
				sizeof(self->now)));
	EXPECT_STREQ("compute\n", self->now);
	ASSERT_EQ(0, open_device(self));
	edu_device_close(&self->edu);
	ASSERT_EQ(0, sysfs_read(self->bdf, "device_type", self->now,
				sizeof(self->now)));
	EXPECT_STREQ("compute\n", self->now);
}

TEST_F(types, unknown_one_is_invalid)
{
	EXPECT_EQ(-EINVAL, sysfs_write(self->bdf, "device_type", "other"));
	EXPECT_EQ(-EINVAL, sysfs_write(self->bdf, "device_type", "fullest"));
	EXPECT_EQ(-EINVAL, sysfs_write(self->bdf, "device_type", "ful"));
	ASSERT_EQ(0, sysfs_read(self->bdf, "device_type", self->now,
				sizeof(self->now)));
	EXPECT_STREQ("full\n", self->now);
}

TEST_F(types, open_device_keeps_its_type)
{
	ASSERT_EQ(0, open_device(self));
	EXPECT_EQ(-EBUSY, sysfs_write(self->bdf, "device_type", "compute"));
	EXPECT_EQ(-EBUSY, sysfs_write(self->bdf, "device_type", "full"));
	edu_device_close(&self->edu);
	EXPECT_EQ(0, sysfs_write(self->bdf, "device_type", "compute"));
}

static int factorial(struct _test_data_types *self, __u32 n)
{
	int rc = set(self, FACTORIAL, n);

	while (!rc && get(self, STATUS) & STATUS_BUSY)
		usleep(1000);
	return rc ?: get(self, FACTORIAL);
}

TEST_F(types, full_computes_and_does_dma)
{
	__u8 *memory = memory_map(EDU_MEMORY_SIZE);

	ASSERT_NE(NULL, memory);
	memset(memory, 0x5a, EDU_MEMORY_SIZE);
	ASSERT_EQ(0, open_device(self));
	EXPECT_EQ(720, factorial(self, 6));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, memory,
				    EDU_MEMORY_SIZE, IOVA));
	ASSERT_EQ(0, edu_open(&self->edu.engine, self->edu.fd));
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_FROM_MEMORY, IOVA,
			     EDU_MEMORY_SIZE));
	memset(memory, 0, EDU_MEMORY_SIZE);
	ASSERT_EQ(0, edu_dma(&self->edu.engine, EDU_TO_MEMORY, IOVA,
			     EDU_MEMORY_SIZE));
	EXPECT_EQ(0x5a, memory[0]);
	EXPECT_EQ(0x5a, memory[EDU_MEMORY_SIZE - 1]);
}

TEST_F(types, compute_computes)
{
	ASSERT_EQ(0, sysfs_write(self->bdf, "device_type", "compute"));
	ASSERT_EQ(0, open_device(self));
	ASSERT_EQ(0, set(self, LIVENESS, 0x12345678));
	EXPECT_EQ(~0x12345678, get(self, LIVENESS));
	EXPECT_EQ(5040, factorial(self, 7));
}

TEST_F(types, compute_has_no_dma_engine)
{
	__u32 value[2];

	ASSERT_EQ(0, sysfs_write(self->bdf, "device_type", "compute"));
	ASSERT_EQ(0, open_device(self));
	EXPECT_EQ(0, get(self, DMA_COMMAND));
	EXPECT_EQ(0, set(self, DMA_SOURCE, 0x123000));
	EXPECT_EQ(0, get(self, DMA_SOURCE));
	EXPECT_EQ(0, get(self, MEMORY));
	/* What begins before it ends there */
	EXPECT_EQ(4, pread(self->edu.fd, value, 8,
			   self->bar + DMA_SOURCE - 4));
	edu_device_close(&self->edu);

	/* and nothing of this reached the device */
	ASSERT_EQ(0, sysfs_write(self->bdf, "device_type", "full"));
	ASSERT_EQ(0, open_device(self));
	EXPECT_NE(0x123000, get(self, DMA_SOURCE));
}

TEST_F(types, compute_has_no_other_way_into_the_bar)
{
	struct vfio_region_info info = { .argsz = sizeof(info), .index = BAR };
	struct vfio_device_ioeventfd event = {
		.argsz = sizeof(event),
		.flags = VFIO_DEVICE_IOEVENTFD_32,
		.data = 1,
	};
	struct {
		struct vfio_device_feature feature;
		struct vfio_device_feature_dma_buf args;
		struct vfio_region_dma_range range;
	} export = {
		.feature = {
			.argsz = sizeof(export),
			.flags = VFIO_DEVICE_FEATURE_GET |
				 VFIO_DEVICE_FEATURE_DMA_BUF,
		},
		.args = {
			.region_index = BAR,
			.open_flags = O_RDWR | O_CLOEXEC,
			.nr_ranges = 1,
		},
		.range = { .length = 4096 },
	};

	ASSERT_EQ(0, sysfs_write(self->bdf, "device_type", "compute"));
	ASSERT_EQ(0, open_device(self));
	ASSERT_EQ(0, iommu_ioctl(self->edu.fd, VFIO_DEVICE_GET_REGION_INFO,
				 &info));
	EXPECT_EQ(0, info.flags & VFIO_REGION_INFO_FLAG_MMAP);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				   MAP_SHARED, self->edu.fd, self->bar));
	event.offset = self->bar + DMA_COMMAND;
	event.fd = eventfd(0, EFD_CLOEXEC);
	ASSERT_LE(0, event.fd);
	EXPECT_EQ(-ENOTTY, iommu_ioctl(self->edu.fd, VFIO_DEVICE_IOEVENTFD,
				       &event));
	close(event.fd);
	EXPECT_EQ(-ENOTTY, iommu_ioctl(self->edu.fd, VFIO_DEVICE_FEATURE,
				       &export));
}

TEST_HARNESS_MAIN
