// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an IOMMU fd is besides a container of VFIO groups: its compatibility
 * IOAS, and groups and devices that share it.
 *
 * EDU0 and EDU1 name two edu devices, each alone in its group, EDU_GROUP two in
 * one group, all bound to vfio-pci.
 */
#include <stdio.h>

#include "type1_fixture.h"
#include "../../../iommu/edu.h"
#include "harness.h"

#define IOVA	0x100000ULL
#define PAGES	4

static long page_size;

static void __attribute__((constructor)) setup_page_size(void)
{
	page_size = sysconf(_SC_PAGESIZE);
}

static void fill(void *p, __u32 seed)
{
	for (size_t i = 0; i < EDU_MEMORY_SIZE / 4; i++)
		((__u32 *)p)[i] = seed * 2654435761u + i;
}

static bool is_filled(const void *p, __u32 seed)
{
	for (size_t i = 0; i < EDU_MEMORY_SIZE / 4; i++)
		if (((const __u32 *)p)[i] != seed * 2654435761u + i)
			return false;
	return true;
}

/* A device with its group */
struct grouped {
	int group;
	int device;
	struct edu edu;
};

static int grouped_open(struct grouped *dev, const char *bdf)
{
	memset(dev, 0, sizeof(*dev));
	dev->device = -1;
	dev->group = vfio_open_group(bdf);
	return dev->group < 0 ? dev->group : 0;
}

static int grouped_open_device(struct grouped *dev, const char *bdf)
{
	dev->device = group_device(dev->group, bdf);
	return dev->device < 0 ? dev->device : edu_open(&dev->edu, dev->device);
}

static void grouped_close(struct grouped *dev)
{
	edu_close(&dev->edu);
	if (dev->device >= 0)
		close(dev->device);
	if (dev->group >= 0)
		close(dev->group);
	dev->device = -1;
	dev->group = -1;
}

/* Does what the device writes at @iova arrive at @p? */
static bool writes(struct edu *edu, __u64 iova, void *p, __u32 seed)
{
	void *from = p + page_size;

	fill(from, seed);
	memset(p, 0, page_size);
	return !edu_dma(edu, EDU_FROM_MEMORY, iova + page_size,
			EDU_MEMORY_SIZE) &&
	       !edu_dma(edu, EDU_TO_MEMORY, iova, EDU_MEMORY_SIZE) &&
	       is_filled(p, seed);
}

FIXTURE(compat)
{
	int fd;
	__u32 ioas;
	struct grouped dev;
	__u8 *memory;
};

FIXTURE_SETUP(compat)
{
	ASSERT_NE(NULL, getenv("EDU0"));
	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->ioas));
	ASSERT_EQ(0, grouped_open(&self->dev, getenv("EDU0")));
	self->memory = memory_map(PAGES * page_size);
	ASSERT_NE(NULL, self->memory);
}

FIXTURE_TEARDOWN(compat)
{
	grouped_close(&self->dev);
	close(self->fd);
}

/* It charges processes that may be gone, and is everybody's */
TEST(container_without_group_registers_no_memory)
{
	void *memory = memory_map(page_size);
	int fd = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	__u32 id;

	ASSERT_LE(0, fd);
	ASSERT_NE(NULL, memory);
	if (ioas_alloc(fd, &id))
		SKIP(return, "VFIO has a container of its own");
	EXPECT_EQ(-EPERM, memory_register(fd, memory, page_size, 0, &id));
	close(fd);
	fd = iommu_open();
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, memory_register(fd, memory, page_size, 0, &id));
	close(fd);
}

static int get_ioas(int fd, __u32 *ioas)
{
	*ioas = 0;
	return vfio_ioas(fd, IOMMU_VFIO_IOAS_GET, ioas);
}

static int choose_ioas(int fd, __u32 ioas)
{
	return vfio_ioas(fd, IOMMU_VFIO_IOAS_SET, &ioas);
}

static int clear_ioas(int fd)
{
	__u32 ioas = 0;

	return vfio_ioas(fd, IOMMU_VFIO_IOAS_CLEAR, &ioas);
}

/* IOMMU_VFIO_IOAS */

TEST_F(compat, ioas_is_set_told_and_cleared)
{
	__u32 other, ioas;

	EXPECT_EQ(-ENODEV, get_ioas(self->fd, &ioas));
	EXPECT_EQ(0, clear_ioas(self->fd));
	ASSERT_EQ(0, choose_ioas(self->fd, self->ioas));
	ASSERT_EQ(0, get_ioas(self->fd, &ioas));
	EXPECT_EQ(self->ioas, ioas);
	ASSERT_EQ(0, ioas_alloc(self->fd, &other));
	ASSERT_EQ(0, choose_ioas(self->fd, other));
	ASSERT_EQ(0, get_ioas(self->fd, &ioas));
	EXPECT_EQ(other, ioas);
	ASSERT_EQ(0, clear_ioas(self->fd));
	EXPECT_EQ(-ENODEV, get_ioas(self->fd, &ioas));
	/* which destroys none */
	EXPECT_EQ(0, iommu_destroy(self->fd, other));
	EXPECT_EQ(0, iommu_destroy(self->fd, self->ioas));
}

TEST_F(compat, ioas_call_is_checked)
{
	struct iommu_vfio_ioas cmd = {
		.size = sizeof(cmd),
		.ioas_id = self->ioas + 1,
		.op = IOMMU_VFIO_IOAS_SET,
	};

	EXPECT_EQ(-ENOENT, iommu_ioctl(self->fd, IOMMU_VFIO_IOAS, &cmd));
	cmd.ioas_id = self->ioas;
	cmd.__reserved = 1;
	EXPECT_EQ(-EOPNOTSUPP, iommu_ioctl(self->fd, IOMMU_VFIO_IOAS, &cmd));
	cmd.__reserved = 0;
	cmd.op = 3;
	EXPECT_EQ(-EOPNOTSUPP, iommu_ioctl(self->fd, IOMMU_VFIO_IOAS, &cmd));
	cmd.op = IOMMU_VFIO_IOAS_SET;
	cmd.size = sizeof(cmd) - 1;
	EXPECT_EQ(-EINVAL, iommu_ioctl(self->fd, IOMMU_VFIO_IOAS, &cmd));
}

TEST_F(compat, ioas_that_is_destroyed_is_forgotten)
{
	__u32 ioas;

	ASSERT_EQ(0, choose_ioas(self->fd, self->ioas));
	ASSERT_EQ(0, iommu_destroy(self->fd, self->ioas));
	EXPECT_EQ(-ENODEV, get_ioas(self->fd, &ioas));
	EXPECT_EQ(-EINVAL, map_dma(self->fd, self->memory, IOVA, page_size));
	/* its ID can be given to another one */
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->ioas));
	EXPECT_EQ(-ENODEV, get_ioas(self->fd, &ioas));
}

TEST_F(compat, type1_ioctls_work_on_the_ioas_without_a_group)
{
	__u64 unmapped;

	ASSERT_EQ(0, choose_ioas(self->fd, self->ioas));
	ASSERT_EQ(0, map_dma(self->fd, self->memory, IOVA, 2 * page_size));
	ASSERT_EQ(0, ioas_unmap_length(self->fd, self->ioas, IOVA,
				       2 * page_size, &unmapped));
	EXPECT_EQ(2 * page_size, unmapped);
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, IOVA));
	EXPECT_EQ(-EEXIST, map_dma(self->fd, self->memory, IOVA, page_size));
	EXPECT_EQ(0, set_iommu(self->fd, VFIO_TYPE1v2_IOMMU));
	EXPECT_EQ(65534, dma_avail(self->fd));
	EXPECT_EQ(0, unmap_dma(self->fd, IOVA, page_size, &unmapped));
	EXPECT_EQ(page_size, unmapped);
	/* cleared, it is as if it had never been */
	ASSERT_EQ(0, clear_ioas(self->fd));
	EXPECT_EQ(-EINVAL, map_dma(self->fd, self->memory, IOVA, page_size));
	EXPECT_EQ(-EINVAL, set_iommu(self->fd, VFIO_TYPE1v2_IOMMU));
}

TEST_F(compat, first_group_makes_an_ioas)
{
	__u32 ioas, again;

	ASSERT_EQ(0, set_container(self->dev.group, self->fd));
	ASSERT_EQ(0, get_ioas(self->fd, &ioas));
	EXPECT_NE(self->ioas, ioas);
	EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, ioas));
	ASSERT_EQ(0, set_iommu(self->fd, VFIO_TYPE1v2_IOMMU));
	EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, ioas));
	ASSERT_EQ(0, unset_container(self->dev.group));

	/* it stays for the next group, or until it is destroyed */
	ASSERT_EQ(0, get_ioas(self->fd, &again));
	EXPECT_EQ(ioas, again);
	EXPECT_EQ(0, iommu_destroy(self->fd, ioas));
	ASSERT_EQ(0, set_container(self->dev.group, self->fd));
	EXPECT_EQ(0, set_iommu(self->fd, VFIO_TYPE1v2_IOMMU));
}

TEST_F(compat, group_uses_the_ioas_that_is_set)
{
	ASSERT_EQ(0, choose_ioas(self->fd, self->ioas));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, IOVA));
	ASSERT_EQ(0, set_container(self->dev.group, self->fd));
	EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, self->ioas));
	ASSERT_EQ(0, set_iommu(self->fd, VFIO_TYPE1v2_IOMMU));
	ASSERT_EQ(0, map_dma(self->fd, self->memory + page_size,
			     IOVA + page_size, page_size));
	ASSERT_EQ(0, grouped_open_device(&self->dev, getenv("EDU0")));
	EXPECT_TRUE(writes(&self->dev.edu, IOVA, self->memory, 1));
}

TEST_F(compat, group_keeps_the_ioas_that_is_cleared)
{
	ASSERT_EQ(0, set_container(self->dev.group, self->fd));
	ASSERT_EQ(0, set_iommu(self->fd, VFIO_TYPE1v2_IOMMU));
	ASSERT_EQ(0, map_dma(self->fd, self->memory, IOVA, 2 * page_size));
	ASSERT_EQ(0, grouped_open_device(&self->dev, getenv("EDU0")));
	ASSERT_EQ(0, clear_ioas(self->fd));
	EXPECT_EQ(-ENODEV, map_dma(self->fd, self->memory, 2 * IOVA,
				   page_size));
	EXPECT_TRUE(writes(&self->dev.edu, IOVA, self->memory, 2));
	ASSERT_EQ(0, choose_ioas(self->fd, self->ioas));
	EXPECT_EQ(0, map_dma(self->fd, self->memory, IOVA, page_size));
	EXPECT_TRUE(writes(&self->dev.edu, IOVA, self->memory, 3));
}

TEST_F(compat, mappings_of_a_chosen_ioas_are_its_owners)
{
	__u64 unmapped;

	ASSERT_EQ(0, choose_ioas(self->fd, self->ioas));
	ASSERT_EQ(0, set_container(self->dev.group, self->fd));
	ASSERT_EQ(0, set_iommu(self->fd, VFIO_TYPE1v2_IOMMU));
	ASSERT_EQ(0, map_dma(self->fd, self->memory, IOVA, page_size));
	ASSERT_EQ(0, unset_container(self->dev.group));
	EXPECT_EQ(0, ioas_unmap_length(self->fd, self->ioas, IOVA, page_size,
				       &unmapped));
	EXPECT_EQ(page_size, unmapped);
}

TEST_F(compat, group_that_does_not_suit_the_mappings_is_refused)
{
	union {
		struct vfio_iommu_type1_info info;
		__u8 room[INFO_SIZE];
	} buffer;
	struct vfio_iommu_type1_info_cap_iova_range *cap;
	__u64 reserved;
	__u32 ioas;

	ASSERT_EQ(0, set_container(self->dev.group, self->fd));
	ASSERT_EQ(0, set_iommu(self->fd, VFIO_TYPE1v2_IOMMU));
	ASSERT_EQ(0, container_info(self->fd, &buffer.info));
	cap = (void *)info_cap(&buffer.info,
			       VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE);
	ASSERT_NE(NULL, cap);
	reserved = cap->iova_ranges[0].end + 1;
	ASSERT_EQ(0, unset_container(self->dev.group));

	ASSERT_EQ(0, choose_ioas(self->fd, self->ioas));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, reserved));
	ASSERT_EQ(0, set_container(self->dev.group, self->fd));
	EXPECT_EQ(-EINVAL, set_iommu(self->fd, VFIO_TYPE1v2_IOMMU));
	/* nothing is attached, and nothing is set */
	EXPECT_EQ(-EINVAL, group_device(self->dev.group, getenv("EDU0")));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, reserved, page_size));
	ASSERT_EQ(0, set_iommu(self->fd, VFIO_TYPE1v2_IOMMU));

	/* the same when the IOMMU is set before the group comes */
	ASSERT_EQ(0, unset_container(self->dev.group));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    page_size, reserved));
	ASSERT_EQ(0, set_iommu(self->fd, VFIO_TYPE1v2_IOMMU));
	EXPECT_EQ(-EINVAL, set_container(self->dev.group, self->fd));
	EXPECT_EQ(-EINVAL, unset_container(self->dev.group));
	ASSERT_EQ(0, get_ioas(self->fd, &ioas));
	EXPECT_EQ(self->ioas, ioas);
	EXPECT_EQ(0, iommu_destroy(self->fd, self->ioas));
}

/* Who excludes whom */

/* What debugfs says of the group of EDU0: the rest of its line, or NULL */
static char *listed_group(char *line, size_t size)
{
	FILE *file = fopen("/sys/kernel/debug/iommufd/fds", "r");
	char *found = NULL, start[32];

	if (!file)
		return NULL;
	snprintf(start, sizeof(start), "  group %d",
		 vfio_group_number(getenv("EDU0")));
	while (!found && fgets(line, size, file))
		if (!strncmp(line, start, strlen(start)))
			found = line + strlen(start);
	fclose(file);
	return found;
}

TEST_F(compat, group_is_listed_in_debugfs)
{
	char line[80], *rest;

	EXPECT_EQ(NULL, listed_group(line, sizeof(line)));
	ASSERT_EQ(0, set_container(self->dev.group, self->fd));
	rest = listed_group(line, sizeof(line));
	ASSERT_NE(NULL, rest);
	EXPECT_STREQ("\n", rest);
	ASSERT_EQ(0, set_iommu(self->fd, VFIO_TYPE1v2_IOMMU));
	rest = listed_group(line, sizeof(line));
	ASSERT_NE(NULL, rest);
	EXPECT_EQ(0, strncmp(" hwpt ", rest, 6));
	ASSERT_EQ(0, unset_container(self->dev.group));
	EXPECT_EQ(NULL, listed_group(line, sizeof(line)));
}

TEST_F(compat, group_and_its_device_exclude_each_other)
{
	int device = vfio_open_cdev(getenv("EDU0"));

	ASSERT_LE(0, device);
	ASSERT_EQ(0, set_container(self->dev.group, self->fd));
	EXPECT_EQ(-EBUSY, bind_to(device, self->fd));
	ASSERT_EQ(0, set_iommu(self->fd, VFIO_TYPE1v2_IOMMU));
	EXPECT_EQ(-EBUSY, bind_to(device, self->fd));
	grouped_close(&self->dev);
	ASSERT_EQ(0, bind_to(device, self->fd));
	EXPECT_EQ(-EBUSY, vfio_open_group(getenv("EDU0")));
	close(device);
	EXPECT_EQ(0, grouped_open(&self->dev, getenv("EDU0")));
}

TEST_F(compat, two_groups_share_the_container)
{
	struct grouped other;

	ASSERT_EQ(0, grouped_open(&other, getenv("EDU1")));
	ASSERT_EQ(0, set_container(self->dev.group, self->fd));
	ASSERT_EQ(0, set_container(other.group, self->fd));
	ASSERT_EQ(0, set_iommu(self->fd, VFIO_TYPE1v2_IOMMU));
	ASSERT_EQ(0, map_dma(self->fd, self->memory, IOVA, 2 * page_size));
	ASSERT_EQ(0, grouped_open_device(&self->dev, getenv("EDU0")));
	ASSERT_EQ(0, grouped_open_device(&other, getenv("EDU1")));
	EXPECT_TRUE(writes(&self->dev.edu, IOVA, self->memory, 4));
	EXPECT_TRUE(writes(&other.edu, IOVA, self->memory, 5));
	/* one of them leaves */
	grouped_close(&self->dev);
	EXPECT_TRUE(writes(&other.edu, IOVA, self->memory, 6));
	EXPECT_EQ(-EEXIST, map_dma(self->fd, self->memory, IOVA, page_size));
	grouped_close(&other);
	EXPECT_EQ(-EINVAL, map_dma(self->fd, self->memory, IOVA, page_size));
}

TEST_F(compat, group_and_device_of_another_share_an_ioas)
{
	int device = vfio_open_cdev(getenv("EDU1"));
	struct edu edu;
	__u32 ioas;

	ASSERT_LE(0, device);
	ASSERT_EQ(0, set_container(self->dev.group, self->fd));
	ASSERT_EQ(0, set_iommu(self->fd, VFIO_TYPE1v2_IOMMU));
	ASSERT_EQ(0, grouped_open_device(&self->dev, getenv("EDU0")));
	ASSERT_EQ(0, get_ioas(self->fd, &ioas));
	ASSERT_EQ(0, bind_to(device, self->fd));
	ASSERT_EQ(0, attach(device, ioas));
	ASSERT_EQ(0, edu_open(&edu, device));
	ASSERT_EQ(0, map_dma(self->fd, self->memory, IOVA, 2 * page_size));
	EXPECT_TRUE(writes(&self->dev.edu, IOVA, self->memory, 7));
	EXPECT_TRUE(writes(&edu, IOVA, self->memory, 8));
	/* the mappings stay with who still uses them */
	grouped_close(&self->dev);
	EXPECT_TRUE(writes(&edu, IOVA, self->memory, 9));
	EXPECT_EQ(0, ioas_unmap(self->fd, ioas, IOVA, 2 * page_size));
	EXPECT_FALSE(writes(&edu, IOVA, self->memory, 10));
	edu_close(&edu);
	close(device);
}

TEST_F(compat, group_here_and_device_there_are_apart)
{
	int device = vfio_open_cdev(getenv("EDU1"));
	int there = iommu_open();
	struct edu edu;
	__u32 ioas;

	ASSERT_LE(0, device);
	ASSERT_LE(0, there);
	ASSERT_EQ(0, set_container(self->dev.group, self->fd));
	ASSERT_EQ(0, set_iommu(self->fd, VFIO_TYPE1v2_IOMMU));
	ASSERT_EQ(0, grouped_open_device(&self->dev, getenv("EDU0")));
	ASSERT_EQ(0, ioas_alloc(there, &ioas));
	ASSERT_EQ(0, bind_to(device, there));
	ASSERT_EQ(0, attach(device, ioas));
	ASSERT_EQ(0, edu_open(&edu, device));
	ASSERT_EQ(0, map_dma(self->fd, self->memory, IOVA, 2 * page_size));
	ASSERT_EQ(0, ioas_map_fixed(there, ioas, self->memory + 2 * page_size,
				    2 * page_size, IOVA));
	EXPECT_TRUE(writes(&self->dev.edu, IOVA, self->memory, 11));
	EXPECT_TRUE(writes(&edu, IOVA, self->memory + 2 * page_size, 12));
	EXPECT_TRUE(is_filled(self->memory, 11));
	edu_close(&edu);
	close(device);
	close(there);
}

TEST_F(compat, groups_in_both_kinds_of_container_are_apart)
{
	struct legacy legacy;
	struct edu edu;

	ASSERT_EQ(0, legacy_open(&legacy, getenv("EDU1")));
	ASSERT_EQ(0, edu_open(&edu, legacy.fd));
	ASSERT_EQ(0, set_container(self->dev.group, self->fd));
	ASSERT_EQ(0, set_iommu(self->fd, VFIO_TYPE1v2_IOMMU));
	ASSERT_EQ(0, grouped_open_device(&self->dev, getenv("EDU0")));
	ASSERT_EQ(0, map_dma(self->fd, self->memory, IOVA, 2 * page_size));
	ASSERT_EQ(0, map_dma(legacy.container, self->memory + 2 * page_size,
			     IOVA, 2 * page_size));
	EXPECT_TRUE(writes(&self->dev.edu, IOVA, self->memory, 13));
	EXPECT_TRUE(writes(&edu, IOVA, self->memory + 2 * page_size, 14));
	EXPECT_TRUE(is_filled(self->memory, 13));
	edu_close(&edu);
	legacy_close(&legacy);
}

TEST_F(compat, devices_of_one_group_are_used_together)
{
	char *first = strdup(getenv("EDU_GROUP") ?: "");
	char *second = strchr(first, ' ');
	struct grouped dev, more = { .group = -1, .device = -1 };
	int device;

	ASSERT_NE(NULL, second);
	*second++ = 0;
	ASSERT_EQ(0, grouped_open(&dev, first));
	EXPECT_EQ(-EBUSY, vfio_open_group(second));
	device = vfio_open_cdev(second);
	ASSERT_LE(0, device);
	ASSERT_EQ(0, set_container(dev.group, self->fd));
	EXPECT_EQ(-EBUSY, bind_to(device, self->fd));
	ASSERT_EQ(0, set_iommu(self->fd, VFIO_TYPE1v2_IOMMU));
	ASSERT_EQ(0, map_dma(self->fd, self->memory, IOVA, 2 * page_size));
	ASSERT_EQ(0, grouped_open_device(&dev, first));
	more.device = group_device(dev.group, second);
	ASSERT_LE(0, more.device);
	ASSERT_EQ(0, edu_open(&more.edu, more.device));
	EXPECT_TRUE(writes(&dev.edu, IOVA, self->memory, 15));
	EXPECT_TRUE(writes(&more.edu, IOVA, self->memory, 16));
	grouped_close(&more);
	grouped_close(&dev);
	close(device);
	free(first);
}

/* The end */

TEST_F(compat, mappings_keep_their_memory_until_the_group_goes)
{
	ASSERT_EQ(0, set_container(self->dev.group, self->fd));
	ASSERT_EQ(0, set_iommu(self->fd, VFIO_TYPE1v2_IOMMU));
	ASSERT_EQ(0, map_dma(self->fd, self->memory, IOVA, 2 * page_size));
	ASSERT_EQ(0, grouped_open_device(&self->dev, getenv("EDU0")));
	close(self->fd);
	self->fd = -1;
	EXPECT_TRUE(writes(&self->dev.edu, IOVA, self->memory, 17));
	/* all of it goes with the last descriptor, and can be had again */
	grouped_close(&self->dev);
	self->fd = iommu_open();
	ASSERT_EQ(0, grouped_open(&self->dev, getenv("EDU0")));
	ASSERT_EQ(0, set_container(self->dev.group, self->fd));
	EXPECT_EQ(0, set_iommu(self->fd, VFIO_TYPE1_IOMMU));
}

TEST_HARNESS_MAIN
