// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls of a VFIO container, type1.
 *
 * Each test runs on /dev/vfio/vfio, and on an IOMMU fd in its place, and demands
 * the same: that is what programs rely on. What differs on purpose is in
 * tests whose names end with _differs, with the reason. With a kernel in which
 * /dev/iommu provides /dev/vfio/vfio, too, that is tested instead of the type1
 * driver of VFIO.
 *
 * EDU0 names an edu device that is alone in its group, PEER one whose BAR 2 is
 * memory; both bound to vfio-pci.
 */
#include <linux/pci_regs.h>
#include <stdio.h>

#include "mock.h"
#include "type1_fixture.h"
#include "../../../iommu/edu.h"
#include "harness.h"

#define IOVA	0x100000ULL
#define PAGES	16
#define BAR	VFIO_PCI_BAR2_REGION_INDEX
#define MEMORY_IOVA	0x6000000ULL
/* More than the objects of an IOMMU fd here */
#define TABLE_IDS	32
#define FEW_BYTES	64
#define NO_USER	1000

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

/*
 * A container that nothing was done to yet, and a group
 */
FIXTURE(container)
{
	int fd;
	int group;
};

FIXTURE_VARIANT(container)
{
	const char *path;
};

FIXTURE_VARIANT_ADD(container, type1)
{
	.path = TYPE1_CONTAINER,
};

FIXTURE_VARIANT_ADD(container, iommufd)
{
	.path = IOMMUFD_CONTAINER,
};

FIXTURE_SETUP(container)
{
	ASSERT_NE(NULL, getenv("EDU0"));
	self->fd = container_open(variant->path);
	ASSERT_LE(0, self->fd);
	self->group = vfio_open_group(getenv("EDU0"));
	ASSERT_LE(0, self->group);
}

FIXTURE_TEARDOWN(container)
{
	close(self->group);
	close(self->fd);
}

TEST_F(container, version_is_that_of_the_interface)
{
	EXPECT_EQ(VFIO_API_VERSION, api_version(self->fd));
}

TEST_F(container, extensions_are_known_before_a_group_is_in)
{
	EXPECT_EQ(1, check_extension(self->fd, VFIO_TYPE1_IOMMU));
	EXPECT_EQ(1, check_extension(self->fd, VFIO_TYPE1v2_IOMMU));
	EXPECT_EQ(1, check_extension(self->fd, VFIO_UNMAP_ALL));
	EXPECT_EQ(0, check_extension(self->fd, VFIO_UPDATE_VADDR));
	EXPECT_EQ(0, check_extension(self->fd, VFIO_DMA_CC_IOMMU));
	EXPECT_EQ(0, check_extension(self->fd, VFIO_NOIOMMU_IOMMU));
	EXPECT_EQ(0, check_extension(self->fd, VFIO_SPAPR_TCE_IOMMU));
	EXPECT_EQ(0, check_extension(self->fd, VFIO_SPAPR_TCE_v2_IOMMU));
	EXPECT_EQ(0, check_extension(self->fd, VFIO_EEH));
	EXPECT_EQ(0, check_extension(self->fd, 0));
	EXPECT_EQ(0, check_extension(self->fd, 1000));
	EXPECT_EQ(0, check_extension(self->fd, ~0UL));
}

TEST_F(container, extensions_with_a_group_are_the_same)
{
	ASSERT_EQ(0, set_container(self->group, self->fd));
	EXPECT_EQ(1, check_extension(self->fd, VFIO_TYPE1_IOMMU));
	EXPECT_EQ(1, check_extension(self->fd, VFIO_TYPE1v2_IOMMU));
	EXPECT_EQ(1, check_extension(self->fd, VFIO_UNMAP_ALL));
	EXPECT_EQ(0, check_extension(self->fd, VFIO_DMA_CC_IOMMU));
	EXPECT_EQ(0, check_extension(self->fd, VFIO_NOIOMMU_IOMMU));
}

static bool is_machine(const char *prefix)
{
	const char *machine = getenv("MACHINE");

	return machine && !strncmp(machine, prefix, strlen(prefix));
}

/* type1 can be set to nesting on every SMMUv3, and has one stage where it cannot */
static bool nesting_can_be_set(int container)
{
	return is_machine(is_iommufd(container) ? "virt-smmuv3-nested" :
						  "virt-smmuv3");
}

/* type1 says that it can nest on machines where it then cannot be set */
TEST_F(container, nesting_is_offered_only_where_it_works_differs)
{
	EXPECT_EQ(!is_iommufd(self->fd) || nesting_can_be_set(self->fd),
		  check_extension(self->fd, VFIO_TYPE1_NESTING_IOMMU));
}

TEST_F(container, iommu_is_not_set_without_a_group)
{
	EXPECT_EQ(-EINVAL, set_iommu(self->fd, VFIO_TYPE1v2_IOMMU));
	EXPECT_EQ(-EINVAL, set_iommu(self->fd, 1000));
}

TEST_F(container, nothing_is_mapped_before_an_iommu_is_set)
{
	union {
		struct vfio_iommu_type1_info info;
		__u8 room[INFO_SIZE];
	} buffer;
	void *p = memory_map(page_size);

	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(-EINVAL, container_info(self->fd, &buffer.info));
		EXPECT_EQ(-EINVAL, map_dma(self->fd, p, IOVA, page_size));
		EXPECT_EQ(-EINVAL, unmap_dma(self->fd, IOVA, page_size, NULL));
		EXPECT_EQ(-EINVAL, dirty_flags(self->fd, DIRTY_START));
		if (!i)
			ASSERT_EQ(0, set_container(self->group, self->fd));
	}
}

TEST_F(container, iommu_is_of_a_known_kind)
{
	ASSERT_EQ(0, set_container(self->group, self->fd));
	EXPECT_EQ(-ENODEV, set_iommu(self->fd, 0));
	EXPECT_EQ(-ENODEV, set_iommu(self->fd, VFIO_SPAPR_TCE_IOMMU));
	EXPECT_EQ(-ENODEV, set_iommu(self->fd, VFIO_NOIOMMU_IOMMU));
	EXPECT_EQ(-ENODEV, set_iommu(self->fd, VFIO_DMA_CC_IOMMU));
	EXPECT_EQ(-ENODEV, set_iommu(self->fd, 1000));
	EXPECT_EQ(-ENODEV, set_iommu(self->fd, ~0UL));
	if (!nesting_can_be_set(self->fd)) {
		EXPECT_EQ(-EINVAL,
			  set_iommu(self->fd, VFIO_TYPE1_NESTING_IOMMU));
		EXPECT_EQ(0, set_iommu(self->fd, VFIO_TYPE1v2_IOMMU));
		return;
	}
	EXPECT_EQ(0, set_iommu(self->fd, VFIO_TYPE1_NESTING_IOMMU));
	EXPECT_EQ(1, check_extension(self->fd, VFIO_TYPE1_NESTING_IOMMU));
	/* There is one already */
	EXPECT_EQ(-EINVAL, set_iommu(self->fd, VFIO_TYPE1v2_IOMMU));
}

TEST_F(container, iommu_is_set_once)
{
	ASSERT_EQ(0, set_container(self->group, self->fd));
	ASSERT_EQ(0, set_iommu(self->fd, VFIO_TYPE1_IOMMU));
	EXPECT_EQ(-EINVAL, set_iommu(self->fd, VFIO_TYPE1_IOMMU));
	EXPECT_EQ(-EINVAL, set_iommu(self->fd, VFIO_TYPE1v2_IOMMU));
	EXPECT_EQ(-EINVAL, set_iommu(self->fd, 1000));
}

TEST_F(container, extensions_after_the_iommu_is_set)
{
	ASSERT_EQ(0, set_container(self->group, self->fd));
	ASSERT_EQ(0, set_iommu(self->fd, VFIO_TYPE1v2_IOMMU));
	EXPECT_EQ(1, check_extension(self->fd, VFIO_TYPE1_IOMMU));
	EXPECT_EQ(1, check_extension(self->fd, VFIO_TYPE1v2_IOMMU));
	EXPECT_EQ(1, check_extension(self->fd, VFIO_UNMAP_ALL));
	EXPECT_EQ(0, check_extension(self->fd, VFIO_NOIOMMU_IOMMU));
	EXPECT_EQ(0, check_extension(self->fd, 1000));
}

/* Mappings of /dev/iommu go with their process; IOMMU_IOAS_MAP_FILE's stay */
TEST_F(container, addresses_of_a_new_process_are_not_taken_differs)
{
	bool iommufd = is_iommufd(self->fd);
	__u32 vaddr = VFIO_DMA_UNMAP_FLAG_VADDR;
	void *p = memory_map(page_size);
	__u64 unmapped;

	ASSERT_EQ(0, set_container(self->group, self->fd));
	ASSERT_EQ(0, set_iommu(self->fd, VFIO_TYPE1v2_IOMMU));
	EXPECT_EQ(iommufd ? 0 : 1,
		  check_extension(self->fd, VFIO_UPDATE_VADDR));
	ASSERT_EQ(0, map_dma(self->fd, p, IOVA, page_size));
	EXPECT_EQ(iommufd ? -EOPNOTSUPP : 0,
		  unmap_dma_flags(self->fd, IOVA, page_size, vaddr, &unmapped));
	EXPECT_EQ(iommufd ? -EOPNOTSUPP : 0,
		  map_dma_flags(self->fd, p, IOVA, page_size,
				VFIO_DMA_MAP_FLAG_VADDR));
	/* the mapping is still there */
	EXPECT_EQ(-EEXIST, map_dma(self->fd, p, IOVA, page_size));
}

/* An IOMMU fd has the rule of its own calls; type1 says EINVAL before SET_IOMMU */
TEST_F(container, unknown_ioctls_are_told)
{
	ASSERT_EQ(0, set_container(self->group, self->fd));
	ASSERT_EQ(0, set_iommu(self->fd, VFIO_TYPE1v2_IOMMU));
	EXPECT_EQ(-ENOTTY, iommu_ioctl(self->fd, VFIO_GROUP_GET_STATUS, NULL));
	EXPECT_EQ(-ENOTTY, iommu_ioctl(self->fd,
				       _IO(VFIO_TYPE, VFIO_BASE + 27), NULL));
	EXPECT_EQ(-ENOTTY, iommu_ioctl(self->fd, _IO('x', VFIO_BASE), NULL));
}

TEST_F(container, group_tells_its_status)
{
	struct vfio_group_status cmd = { .argsz = sizeof(cmd) - 1 };

	EXPECT_EQ(VFIO_GROUP_FLAGS_VIABLE, group_status(self->group));
	ASSERT_EQ(0, set_container(self->group, self->fd));
	EXPECT_EQ(VFIO_GROUP_FLAGS_VIABLE | VFIO_GROUP_FLAGS_CONTAINER_SET,
		  group_status(self->group));
	ASSERT_EQ(0, unset_container(self->group));
	EXPECT_EQ(VFIO_GROUP_FLAGS_VIABLE, group_status(self->group));
	EXPECT_EQ(-EINVAL, iommu_ioctl(self->group, VFIO_GROUP_GET_STATUS,
				       &cmd));
}

TEST_F(container, group_is_in_one_container)
{
	int other = container_open(variant->path);

	ASSERT_LE(0, other);
	EXPECT_EQ(-EINVAL, unset_container(self->group));
	ASSERT_EQ(0, set_container(self->group, self->fd));
	EXPECT_EQ(-EINVAL, set_container(self->group, self->fd));
	EXPECT_EQ(-EINVAL, set_container(self->group, other));
	ASSERT_EQ(0, unset_container(self->group));
	EXPECT_EQ(-EINVAL, unset_container(self->group));
	EXPECT_EQ(0, set_container(self->group, other));
	close(other);
}

TEST_F(container, group_wants_a_container)
{
	int null = open("/dev/null", O_RDWR);

	ASSERT_LE(0, null);
	EXPECT_EQ(-EBADF, set_container(self->group, -1));
	EXPECT_EQ(-EINVAL, set_container(self->group, null));
	EXPECT_EQ(-EINVAL, set_container(self->group, self->group));
	EXPECT_EQ(-EFAULT, iommu_ioctl(self->group, VFIO_GROUP_SET_CONTAINER,
				       NULL));
	close(null);
}

TEST_F(container, device_wants_an_iommu)
{
	int device;

	EXPECT_EQ(-EINVAL, group_device(self->group, getenv("EDU0")));
	ASSERT_EQ(0, set_container(self->group, self->fd));
	EXPECT_EQ(-EINVAL, group_device(self->group, getenv("EDU0")));
	ASSERT_EQ(0, set_iommu(self->fd, VFIO_TYPE1v2_IOMMU));
	EXPECT_EQ(-ENODEV, group_device(self->group, "0000:ff:1f.7"));
	device = group_device(self->group, getenv("EDU0"));
	ASSERT_LE(0, device);
	EXPECT_EQ(0, get_info(device));
	close(device);
}

TEST_F(container, open_device_keeps_its_group)
{
	int device, again;

	ASSERT_EQ(0, set_container(self->group, self->fd));
	ASSERT_EQ(0, set_iommu(self->fd, VFIO_TYPE1v2_IOMMU));
	device = group_device(self->group, getenv("EDU0"));
	ASSERT_LE(0, device);
	again = group_device(self->group, getenv("EDU0"));
	ASSERT_LE(0, again);
	EXPECT_EQ(-EBUSY, unset_container(self->group));
	close(device);
	EXPECT_EQ(-EBUSY, unset_container(self->group));
	close(again);
	EXPECT_EQ(0, unset_container(self->group));
}

TEST_F(container, last_group_takes_mappings_and_iommu_along)
{
	void *p = memory_map(page_size);
	__u64 unmapped;

	ASSERT_EQ(0, set_container(self->group, self->fd));
	ASSERT_EQ(0, set_iommu(self->fd, VFIO_TYPE1_IOMMU));
	ASSERT_EQ(0, map_dma(self->fd, p, IOVA, page_size));
	ASSERT_EQ(0, unset_container(self->group));
	EXPECT_EQ(-EINVAL, map_dma(self->fd, p, IOVA, page_size));
	EXPECT_EQ(-EINVAL, set_iommu(self->fd, VFIO_TYPE1_IOMMU));

	ASSERT_EQ(0, set_container(self->group, self->fd));
	EXPECT_EQ(-EINVAL, map_dma(self->fd, p, IOVA, page_size));
	ASSERT_EQ(0, set_iommu(self->fd, VFIO_TYPE1v2_IOMMU));
	EXPECT_EQ(65535, dma_avail(self->fd));
	EXPECT_EQ(0, unmap_dma_all(self->fd, &unmapped));
	EXPECT_EQ(0, unmapped);
	EXPECT_EQ(0, map_dma(self->fd, p, IOVA, page_size));
}

TEST_F(container, group_and_device_outlive_the_descriptor)
{
	void *p = memory_map(page_size);
	int device;

	ASSERT_EQ(0, set_container(self->group, self->fd));
	ASSERT_EQ(0, set_iommu(self->fd, VFIO_TYPE1v2_IOMMU));
	ASSERT_EQ(0, map_dma(self->fd, p, IOVA, page_size));
	device = group_device(self->group, getenv("EDU0"));
	ASSERT_LE(0, device);
	close(self->fd);
	self->fd = -1;
	EXPECT_EQ(0, get_info(device));
	close(self->group);
	EXPECT_EQ(0, get_info(device));
	/* the open device has the group, too */
	EXPECT_EQ(-EBUSY, vfio_open_group(getenv("EDU0")));
	close(device);
	self->group = vfio_open_group(getenv("EDU0"));
	EXPECT_LE(0, self->group);
}

TEST_F(container, second_group_joins_with_its_mappings)
{
	void *p = memory_map(page_size);
	int second = vfio_open_group(getenv("PEER"));

	ASSERT_LE(0, second);
	ASSERT_EQ(0, set_container(self->group, self->fd));
	ASSERT_EQ(0, set_iommu(self->fd, VFIO_TYPE1v2_IOMMU));
	ASSERT_EQ(0, map_dma(self->fd, p, IOVA, page_size));
	ASSERT_EQ(0, set_container(second, self->fd));
	ASSERT_EQ(0, unset_container(self->group));
	EXPECT_EQ(-EEXIST, map_dma(self->fd, p, IOVA, page_size));
	EXPECT_EQ(0, set_container(self->group, self->fd));
	close(second);
	EXPECT_EQ(-EEXIST, map_dma(self->fd, p, IOVA, page_size));
}

/*
 * With an IOMMU, and the device open
 */
FIXTURE(type1)
{
	int fd;
	int group;
	int device;
	struct edu edu;
	__u8 *memory;
	bool v2;
	/* of the IOVAs */
	__u64 reserved;
	union {
		struct vfio_iommu_type1_info info;
		__u8 room[INFO_SIZE];
	};
};

FIXTURE_VARIANT(type1)
{
	const char *path;
	unsigned long type;
};

FIXTURE_VARIANT_ADD(type1, type1)
{
	.path = TYPE1_CONTAINER,
	.type = VFIO_TYPE1_IOMMU,
};

FIXTURE_VARIANT_ADD(type1, type1v2)
{
	.path = TYPE1_CONTAINER,
	.type = VFIO_TYPE1v2_IOMMU,
};

FIXTURE_VARIANT_ADD(type1, iommufd)
{
	.path = IOMMUFD_CONTAINER,
	.type = VFIO_TYPE1_IOMMU,
};

FIXTURE_VARIANT_ADD(type1, iommufd_v2)
{
	.path = IOMMUFD_CONTAINER,
	.type = VFIO_TYPE1v2_IOMMU,
};

/* The first IOVA that cannot be used, from what the container tells */
static __u64 find_reserved(struct vfio_iommu_type1_info *info)
{
	struct vfio_iommu_type1_info_cap_iova_range *cap =
		(void *)info_cap(info, VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE);

	return cap && cap->nr_iovas ? cap->iova_ranges[0].end + 1 : 0;
}

FIXTURE_SETUP(type1)
{
	ASSERT_NE(NULL, getenv("EDU0"));
	self->v2 = variant->type == VFIO_TYPE1v2_IOMMU;
	self->fd = container_open(variant->path);
	ASSERT_LE(0, self->fd);
	self->group = vfio_open_group(getenv("EDU0"));
	ASSERT_LE(0, self->group);
	ASSERT_EQ(0, set_container(self->group, self->fd));
	ASSERT_EQ(0, set_iommu(self->fd, variant->type));
	self->device = group_device(self->group, getenv("EDU0"));
	ASSERT_LE(0, self->device);
	ASSERT_EQ(0, edu_open(&self->edu, self->device));
	self->memory = memory_map(PAGES * page_size);
	ASSERT_NE(NULL, self->memory);
	ASSERT_EQ(0, container_info(self->fd, &self->info));
	self->reserved = find_reserved(&self->info);
	ASSERT_NE(0, self->reserved);
}

FIXTURE_TEARDOWN(type1)
{
	edu_close(&self->edu);
	close(self->device);
	close(self->group);
	close(self->fd);
}

/* VFIO_IOMMU_GET_INFO */

TEST_F(type1, info_has_page_sizes_and_capabilities)
{
	struct vfio_iommu_type1_info_cap_migration *migration;
	struct vfio_iommu_type1_info_dma_avail *avail;
	struct vfio_iommu_type1_info_cap_iova_range *ranges;
	__u64 last = 0;

	EXPECT_EQ(VFIO_IOMMU_INFO_PGSIZES | VFIO_IOMMU_INFO_CAPS,
		  self->info.flags);
	EXPECT_EQ(page_size, self->info.iova_pgsizes & -self->info.iova_pgsizes);
	EXPECT_EQ(sizeof(self->info), self->info.cap_offset);

	migration = (void *)info_cap(&self->info,
				     VFIO_IOMMU_TYPE1_INFO_CAP_MIGRATION);
	ASSERT_NE(NULL, migration);
	EXPECT_EQ(1, migration->header.version);
	EXPECT_EQ(0, migration->flags);
	EXPECT_EQ(page_size, migration->pgsize_bitmap);
	EXPECT_EQ(256 << 20, migration->max_dirty_bitmap_size);

	avail = (void *)info_cap(&self->info, VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL);
	ASSERT_NE(NULL, avail);
	EXPECT_EQ(1, avail->header.version);
	EXPECT_EQ(65535, avail->avail);

	ranges = (void *)info_cap(&self->info,
				  VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE);
	ASSERT_NE(NULL, ranges);
	EXPECT_EQ(1, ranges->header.version);
	for (__u32 i = 0; i < ranges->nr_iovas; i++) {
		EXPECT_LE(ranges->iova_ranges[i].start,
			  ranges->iova_ranges[i].end);
		if (i)
			EXPECT_LT(last, ranges->iova_ranges[i].start);
		last = ranges->iova_ranges[i].end;
	}
}

TEST_F(type1, info_tells_how_much_room_it_needs)
{
	struct vfio_iommu_type1_info_cap_iova_range *ranges =
		(void *)info_cap(&self->info,
				 VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE);
	__u32 size = (__u8 *)&ranges->iova_ranges[ranges->nr_iovas] -
		     self->room;
	struct vfio_iommu_type1_info info = { .argsz = sizeof(info) };

	memset(self->room, 0x5a, INFO_SIZE);
	ASSERT_EQ(0, iommu_ioctl(self->fd, VFIO_IOMMU_GET_INFO, &info));
	EXPECT_EQ(size, info.argsz);
	EXPECT_EQ(0, info.cap_offset);
	EXPECT_TRUE(info.flags & VFIO_IOMMU_INFO_CAPS);

	self->info.argsz = size - 1;
	ASSERT_EQ(0, iommu_ioctl(self->fd, VFIO_IOMMU_GET_INFO, &self->info));
	EXPECT_EQ(size, self->info.argsz);
	EXPECT_EQ(0, self->info.cap_offset);
	EXPECT_EQ(0x5a, self->room[sizeof(info)]);
	/* with exactly what it needs it is written, and no more */
	ASSERT_EQ(0, iommu_ioctl(self->fd, VFIO_IOMMU_GET_INFO, &self->info));
	EXPECT_EQ(size, self->info.argsz);
	EXPECT_EQ(sizeof(info), self->info.cap_offset);
	EXPECT_EQ(0x5a, self->room[size]);
}

TEST_F(type1, info_serves_callers_from_before_there_were_capabilities)
{
	__u32 size = offsetof(struct vfio_iommu_type1_info, cap_offset);

	memset(self->room, 0x5a, INFO_SIZE);
	self->info.argsz = size;
	ASSERT_EQ(0, iommu_ioctl(self->fd, VFIO_IOMMU_GET_INFO, &self->info));
	EXPECT_EQ(page_size, self->info.iova_pgsizes & -self->info.iova_pgsizes);
	EXPECT_EQ(0x5a5a5a5a, self->info.cap_offset);
	self->info.argsz = size - 1;
	EXPECT_EQ(-EINVAL, iommu_ioctl(self->fd, VFIO_IOMMU_GET_INFO,
				       &self->info));
	EXPECT_EQ(-EFAULT, iommu_ioctl(self->fd, VFIO_IOMMU_GET_INFO, NULL));
}

/* VFIO_IOMMU_MAP_DMA */

TEST_F(type1, device_reads_and_writes_what_is_mapped)
{
	ASSERT_EQ(0, map_dma(self->fd, self->memory, IOVA, 2 * page_size));
	fill(self->memory, 1);
	ASSERT_EQ(0, edu_dma(&self->edu, EDU_FROM_MEMORY, IOVA,
			     EDU_MEMORY_SIZE));
	ASSERT_EQ(0, edu_dma(&self->edu, EDU_TO_MEMORY, IOVA + page_size,
			     EDU_MEMORY_SIZE));
	EXPECT_TRUE(is_filled(self->memory + page_size, 1));
}

TEST_F(type1, device_does_not_write_what_it_may_read_only)
{
	ASSERT_EQ(0, map_dma_flags(self->fd, self->memory, IOVA, page_size,
				   DMA_READ));
	ASSERT_EQ(0, map_dma_flags(self->fd, self->memory + page_size,
				   IOVA + page_size, page_size, DMA_WRITE));
	fill(self->memory, 2);
	ASSERT_EQ(0, edu_dma(&self->edu, EDU_FROM_MEMORY, IOVA,
			     EDU_MEMORY_SIZE));
	memset(self->memory, 0, page_size);
	ASSERT_EQ(0, edu_dma(&self->edu, EDU_TO_MEMORY, IOVA, EDU_MEMORY_SIZE));
	EXPECT_EQ(0, self->memory[0]);
	ASSERT_EQ(0, edu_dma(&self->edu, EDU_TO_MEMORY, IOVA + page_size,
			     EDU_MEMORY_SIZE));
	EXPECT_TRUE(is_filled(self->memory + page_size, 2));
}

TEST_F(type1, map_checks_its_struct)
{
	struct vfio_iommu_type1_dma_map cmd = {
		.argsz = sizeof(cmd) - 1,
		.flags = DMA_RW,
		.vaddr = (uintptr_t)self->memory,
		.iova = IOVA,
		.size = page_size,
	};

	EXPECT_EQ(-EINVAL, map_dma_cmd(self->fd, &cmd));
	cmd.argsz = sizeof(cmd) + 100;
	EXPECT_EQ(0, map_dma_cmd(self->fd, &cmd));
	EXPECT_EQ(-EFAULT, map_dma_cmd(self->fd, NULL));
}

TEST_F(type1, map_checks_its_flags)
{
	static const __u32 wrong[] = {
		0, 1 << 3, DMA_RW | 1U << 31, DMA_RW | VFIO_DMA_MAP_FLAG_VADDR,
		DMA_READ | VFIO_DMA_MAP_FLAG_VADDR,
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		EXPECT_EQ(-EINVAL, map_dma_flags(self->fd, self->memory, IOVA,
						 page_size, wrong[i]));
	EXPECT_EQ(65535, dma_avail(self->fd));
}

TEST_F(type1, map_is_of_whole_pages)
{
	__u64 half = page_size / 2;

	EXPECT_EQ(-EINVAL, map_dma(self->fd, self->memory, IOVA, 0));
	EXPECT_EQ(-EINVAL, map_dma(self->fd, self->memory, IOVA, half));
	EXPECT_EQ(-EINVAL, map_dma(self->fd, self->memory, IOVA + half,
				   page_size));
	EXPECT_EQ(-EINVAL, map_dma(self->fd, self->memory + half, IOVA,
				   page_size));
}

TEST_F(type1, map_does_not_wrap)
{
	__u64 end = -page_size;

	EXPECT_EQ(-EINVAL, map_dma(self->fd, self->memory, end, 2 * page_size));
	EXPECT_EQ(-EINVAL, map_dma(self->fd, (void *)end, IOVA, 2 * page_size));
	EXPECT_EQ(-EINVAL, map_dma(self->fd, self->memory, IOVA, end));
}

TEST_F(type1, map_does_not_overlap)
{
	__u64 size = 4 * page_size;

	ASSERT_EQ(0, map_dma(self->fd, self->memory, IOVA, size));
	EXPECT_EQ(-EEXIST, map_dma(self->fd, self->memory, IOVA, size));
	EXPECT_EQ(-EEXIST, map_dma(self->fd, self->memory, IOVA, page_size));
	EXPECT_EQ(-EEXIST, map_dma(self->fd, self->memory,
				   IOVA + size - page_size, size));
	EXPECT_EQ(-EEXIST, map_dma(self->fd, self->memory, IOVA - page_size,
				   2 * page_size));
	EXPECT_EQ(-EEXIST, map_dma(self->fd, self->memory, IOVA - page_size,
				   size + 2 * page_size));
	EXPECT_EQ(0, map_dma(self->fd, self->memory, IOVA - page_size,
			     page_size));
	EXPECT_EQ(0, map_dma(self->fd, self->memory, IOVA + size, page_size));
	/* the same memory again and again is fine */
	EXPECT_EQ(65532, dma_avail(self->fd));
}

TEST_F(type1, map_stays_in_the_ranges)
{
	EXPECT_EQ(-EINVAL, map_dma(self->fd, self->memory, self->reserved,
				   page_size));
	EXPECT_EQ(-EINVAL, map_dma(self->fd, self->memory,
				   self->reserved - page_size, 2 * page_size));
	EXPECT_EQ(0, map_dma(self->fd, self->memory,
			     self->reserved - page_size, page_size));
	/* what is mapped is told before what is reserved */
	EXPECT_EQ(-EEXIST, map_dma(self->fd, self->memory,
				   self->reserved - page_size, 2 * page_size));
	EXPECT_EQ(-EINVAL, map_dma(self->fd, self->memory, -page_size,
				   page_size));
}

TEST_F(type1, map_wants_memory)
{
	void *hole = memory_map(3 * page_size);
	void *read_only = mmap(NULL, page_size, PROT_READ,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	munmap(hole + page_size, page_size);
	EXPECT_EQ(-EFAULT, map_dma(self->fd, hole + page_size, IOVA,
				   page_size));
	EXPECT_EQ(-EFAULT, map_dma(self->fd, hole, IOVA, 3 * page_size));
	EXPECT_EQ(-EFAULT, map_dma(self->fd, read_only, IOVA, page_size));
	EXPECT_EQ(0, map_dma_flags(self->fd, read_only, IOVA, page_size,
				   DMA_READ));
	EXPECT_EQ(65534, dma_avail(self->fd));
}

/* What a process without privileges gets, who may pin @pages pages */
static int map_limited(int fd, void *va, __u64 size, long pages)
{
	struct rlimit limit = { pages * page_size, pages * page_size };
	int status, rc;
	pid_t pid;

	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid) {
		if (setrlimit(RLIMIT_MEMLOCK, &limit) || setuid(NO_USER))
			_exit(255);
		rc = map_dma(fd, va, IOVA, size);
		if (!rc)
			rc = unmap_dma(fd, IOVA, size, NULL);
		_exit(-rc);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -ECHILD;
	return -WEXITSTATUS(status);
}

TEST_F(type1, map_keeps_to_the_limit_of_locked_memory)
{
	EXPECT_EQ(-ENOMEM, map_limited(self->fd, self->memory, 5 * page_size,
				       4));
	EXPECT_EQ(65535, dma_avail(self->fd));
	EXPECT_EQ(0, map_limited(self->fd, self->memory, 4 * page_size, 4));
	EXPECT_EQ(0, map_limited(self->fd, self->memory, 4 * page_size, 4));
}

TEST_F(type1, number_of_mappings_is_limited)
{
	ASSERT_EQ(0, set_dma_entry_limit(self->fd, "2"));
	/* what the container has is decided when its IOMMU is set */
	EXPECT_EQ(65535, dma_avail(self->fd));
	edu_close(&self->edu);
	close(self->device);
	ASSERT_EQ(0, unset_container(self->group));
	ASSERT_EQ(0, set_container(self->group, self->fd));
	ASSERT_EQ(0, set_iommu(self->fd, variant->type));
	ASSERT_EQ(0, set_dma_entry_limit(self->fd, "65535"));

	EXPECT_EQ(2, dma_avail(self->fd));
	ASSERT_EQ(0, map_dma(self->fd, self->memory, IOVA, page_size));
	EXPECT_EQ(1, dma_avail(self->fd));
	ASSERT_EQ(0, map_dma(self->fd, self->memory, 2 * IOVA, page_size));
	EXPECT_EQ(0, dma_avail(self->fd));
	EXPECT_EQ(-ENOSPC, map_dma(self->fd, self->memory, 3 * IOVA,
				   page_size));
	EXPECT_EQ(-EEXIST, map_dma(self->fd, self->memory, IOVA, page_size));
	EXPECT_EQ(-ENOSPC, map_dma(self->fd, self->memory, self->reserved,
				   page_size));
	ASSERT_EQ(0, unmap_dma(self->fd, IOVA, page_size, NULL));
	EXPECT_EQ(1, dma_avail(self->fd));
	EXPECT_EQ(0, map_dma(self->fd, self->memory, 3 * IOVA, page_size));

	self->device = group_device(self->group, getenv("EDU0"));
	ASSERT_LE(0, self->device);
	ASSERT_EQ(0, edu_open(&self->edu, self->device));
}

/* Another device in the container, whose BAR is memory */
struct peer {
	int group;
	int device;
	__u8 *bar;
};

#define BAR_SIZE	(2 * page_size)

static int peer_open_device(struct peer *peer)
{
	__u64 offset = 0;
	int rc;

	peer->device = group_device(peer->group, getenv("PEER"));
	if (peer->device < 0)
		return peer->device;
	rc = vfio_region_offset(peer->device, BAR, &offset);
	if (rc)
		return rc;
	peer->bar = mmap(NULL, BAR_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			 peer->device, offset);
	return peer->bar == MAP_FAILED ? -errno : 0;
}

static void peer_close_device(struct peer *peer)
{
	munmap(peer->bar, BAR_SIZE);
	close(peer->device);
}

static int peer_open(struct peer *peer, int container)
{
	peer->group = vfio_open_group(getenv("PEER"));
	if (peer->group < 0)
		return peer->group;
	return set_container(peer->group, container) ?: peer_open_device(peer);
}

static void peer_close(struct peer *peer)
{
	peer_close_device(peer);
	close(peer->group);
}

/* Let the device not answer to its BARs */
static int stop_memory(int device)
{
	__u64 offset = 0;
	__u16 command;
	int rc;

	rc = vfio_region_offset(device, VFIO_PCI_CONFIG_REGION_INDEX, &offset);
	if (rc)
		return rc;
	offset += PCI_COMMAND;
	if (pread(device, &command, sizeof(command), offset) != sizeof(command))
		return -EIO;
	command &= ~PCI_COMMAND_MEMORY;
	if (pwrite(device, &command, sizeof(command), offset) != sizeof(command))
		return -EIO;
	return 0;
}

TEST_F(type1, device_does_dma_to_the_bar_of_another)
{
	struct peer peer;

	ASSERT_EQ(0, peer_open(&peer, self->fd));
	ASSERT_EQ(0, stop_memory(peer.device));
	EXPECT_EQ(-EFAULT, map_dma(self->fd, peer.bar, IOVA, BAR_SIZE));
	ASSERT_EQ(0, vfio_enable_dma(peer.device));
	ASSERT_EQ(0, map_dma(self->fd, peer.bar, IOVA, BAR_SIZE));
	EXPECT_EQ(65534, dma_avail(self->fd));

	fill(peer.bar, 3);
	memset(peer.bar + page_size, 0, page_size);
	ASSERT_EQ(0, edu_dma(&self->edu, EDU_FROM_MEMORY, IOVA,
			     EDU_MEMORY_SIZE));
	ASSERT_EQ(0, edu_dma(&self->edu, EDU_TO_MEMORY, IOVA + page_size,
			     EDU_MEMORY_SIZE));
	EXPECT_TRUE(is_filled(peer.bar + page_size, 3));
	ASSERT_EQ(0, unmap_dma(self->fd, IOVA, BAR_SIZE, NULL));
	peer_close(&peer);
}

/* From memory by way of edu to @iova */
static int send(struct edu *edu, void *memory, __u32 seed, __u64 iova)
{
	fill(memory, seed);
	return edu_dma(edu, EDU_FROM_MEMORY, MEMORY_IOVA, EDU_MEMORY_SIZE) ?:
	       edu_dma(edu, EDU_TO_MEMORY, iova, EDU_MEMORY_SIZE);
}

/* The same where it is stopped, which gives no error, but a fault for each byte */
static int send_in_vain(struct edu *edu, void *memory, __u32 seed, __u64 iova)
{
	fill(memory, seed);
	return edu_dma(edu, EDU_FROM_MEMORY, MEMORY_IOVA, FEW_BYTES) ?:
	       edu_dma(edu, EDU_TO_MEMORY, iova, FEW_BYTES);
}

/*
 * Bytes that are mapped at IOVA, in all tables of an IOMMU fd together; their IDs
 * are not told to who has a group. Where VFIO has its own container nobody can tell
 */
static long long bar_mapped(int container)
{
	long long sum = 0;

	for (__u32 id = 1; id < TABLE_IDS; id++) {
		long long n = mock_count_mapped(container, id, IOVA, BAR_SIZE);

		if (n < 0 && n != -ENOENT)
			return n;
		if (n > 0)
			sum += n;
	}
	return sum;
}

TEST_F(type1, mapping_of_a_bar_goes_and_comes_with_memory_decoding)
{
	struct peer peer;
	long long mapped;

	ASSERT_EQ(0, map_dma(self->fd, self->memory, MEMORY_IOVA, page_size));
	ASSERT_EQ(0, peer_open(&peer, self->fd));
	ASSERT_EQ(0, vfio_enable_dma(peer.device));
	ASSERT_EQ(0, map_dma(self->fd, peer.bar, IOVA, BAR_SIZE));
	mapped = bar_mapped(self->fd);
	if (is_iommufd(self->fd))
		ASSERT_LE(BAR_SIZE, mapped);
	for (__u32 i = 0; i < 3; i++) {
		fill(peer.bar + page_size, 2 * i + 1);
		ASSERT_EQ(0, stop_memory(peer.device));
		if (is_iommufd(self->fd))
			EXPECT_EQ(0, bar_mapped(self->fd));
		ASSERT_EQ(0, send_in_vain(&self->edu, self->memory, 2 * i + 2,
					  IOVA + page_size));
		/* it is taken all the time */
		EXPECT_EQ(-EEXIST, map_dma(self->fd, self->memory, IOVA,
					   page_size));
		EXPECT_EQ(65533, dma_avail(self->fd));
		ASSERT_EQ(0, vfio_enable_dma(peer.device));
		EXPECT_TRUE(is_filled(peer.bar + page_size, 2 * i + 1));
		EXPECT_EQ(mapped, bar_mapped(self->fd));
		ASSERT_EQ(0, send(&self->edu, self->memory, 2 * i + 2,
				  IOVA + page_size));
		EXPECT_TRUE(is_filled(peer.bar + page_size, 2 * i + 2));
	}

	/* it is unmapped while it is gone, and does not come back then */
	ASSERT_EQ(0, stop_memory(peer.device));
	ASSERT_EQ(0, unmap_dma(self->fd, IOVA, BAR_SIZE, NULL));
	ASSERT_EQ(0, vfio_enable_dma(peer.device));
	if (is_iommufd(self->fd))
		EXPECT_EQ(0, bar_mapped(self->fd));
	fill(peer.bar, 20);
	ASSERT_EQ(0, send_in_vain(&self->edu, self->memory, 21, IOVA));
	EXPECT_TRUE(is_filled(peer.bar, 20));
	peer_close(&peer);
}

/* type1 does not know of the device, whose BAR may be somebody else's by then */
TEST_F(type1, mapping_of_a_bar_goes_when_the_device_is_closed_differs)
{
	struct peer peer;

	ASSERT_EQ(0, map_dma(self->fd, self->memory, MEMORY_IOVA, page_size));
	ASSERT_EQ(0, peer_open(&peer, self->fd));
	ASSERT_EQ(0, vfio_enable_dma(peer.device));
	ASSERT_EQ(0, map_dma(self->fd, peer.bar, IOVA, BAR_SIZE));
	peer_close_device(&peer);
	if (is_iommufd(self->fd))
		EXPECT_EQ(0, bar_mapped(self->fd));
	EXPECT_EQ(65533, dma_avail(self->fd));

	ASSERT_EQ(0, peer_open_device(&peer));
	ASSERT_EQ(0, vfio_enable_dma(peer.device));
	fill(peer.bar, 1);
	ASSERT_EQ(0, send(&self->edu, self->memory, 2, IOVA));
	EXPECT_EQ(is_iommufd(self->fd), is_filled(peer.bar, 1));
	EXPECT_EQ(!is_iommufd(self->fd), is_filled(peer.bar, 2));
	/* the BAR can be mapped again, once the old mapping is gone */
	EXPECT_EQ(-EEXIST, map_dma(self->fd, peer.bar, IOVA, BAR_SIZE));
	ASSERT_EQ(0, unmap_dma(self->fd, IOVA, BAR_SIZE, NULL));
	ASSERT_EQ(0, map_dma(self->fd, peer.bar, IOVA, BAR_SIZE));
	ASSERT_EQ(0, send(&self->edu, self->memory, 3, IOVA));
	EXPECT_TRUE(is_filled(peer.bar, 3));
	peer_close(&peer);
}

/* VFIO_IOMMU_UNMAP_DMA */

TEST_F(type1, unmapped_memory_is_out_of_reach)
{
	__u64 unmapped;

	ASSERT_EQ(0, map_dma(self->fd, self->memory, IOVA, 2 * page_size));
	ASSERT_EQ(0, edu_dma(&self->edu, EDU_TO_MEMORY, IOVA, EDU_MEMORY_SIZE));
	ASSERT_EQ(0, unmap_dma(self->fd, IOVA, 2 * page_size, &unmapped));
	EXPECT_EQ(2 * page_size, unmapped);
	fill(self->memory, 4);
	ASSERT_EQ(0, edu_dma(&self->edu, EDU_TO_MEMORY, IOVA, EDU_MEMORY_SIZE));
	EXPECT_TRUE(is_filled(self->memory, 4));
	EXPECT_EQ(0, map_dma(self->fd, self->memory, IOVA, page_size));
}

TEST_F(type1, unmap_checks_its_struct_and_flags)
{
	struct vfio_iommu_type1_dma_unmap cmd = {
		.argsz = sizeof(cmd) - 1,
		.iova = IOVA,
		.size = page_size,
	};

	ASSERT_EQ(0, map_dma(self->fd, self->memory, IOVA, page_size));
	EXPECT_EQ(-EINVAL, unmap_dma_cmd(self->fd, &cmd));
	EXPECT_EQ(-EINVAL, unmap_dma_flags(self->fd, IOVA, page_size, 1 << 3,
					   NULL));
	EXPECT_EQ(-EINVAL, unmap_dma_flags(self->fd, IOVA, page_size, 1U << 31,
					   NULL));
	EXPECT_EQ(-EFAULT, unmap_dma_cmd(self->fd, NULL));
	EXPECT_EQ(65534, dma_avail(self->fd));
	cmd.argsz = sizeof(cmd) + 100;
	EXPECT_EQ(0, unmap_dma_cmd(self->fd, &cmd));
	EXPECT_EQ(page_size, cmd.size);
}

TEST_F(type1, unmap_is_of_whole_pages_that_do_not_wrap)
{
	__u64 half = page_size / 2;

	ASSERT_EQ(0, map_dma(self->fd, self->memory, IOVA, page_size));
	EXPECT_EQ(-EINVAL, unmap_dma(self->fd, IOVA, 0, NULL));
	EXPECT_EQ(-EINVAL, unmap_dma(self->fd, IOVA, half, NULL));
	EXPECT_EQ(-EINVAL, unmap_dma(self->fd, IOVA + half, page_size, NULL));
	EXPECT_EQ(-EINVAL, unmap_dma(self->fd, IOVA, -page_size, NULL));
	EXPECT_EQ(-EINVAL, unmap_dma(self->fd, -page_size, 2 * page_size,
				     NULL));
	EXPECT_EQ(65534, dma_avail(self->fd));
}

TEST_F(type1, unmap_of_nothing_succeeds)
{
	__u64 unmapped;

	EXPECT_EQ(0, unmap_dma(self->fd, IOVA, page_size, &unmapped));
	EXPECT_EQ(0, unmapped);
	EXPECT_EQ(0, unmap_dma(self->fd, 0, -page_size, &unmapped));
	EXPECT_EQ(0, unmapped);
	EXPECT_EQ(0, unmap_dma(self->fd, -page_size, page_size, &unmapped));
	EXPECT_EQ(0, unmapped);
	EXPECT_EQ(0, unmap_dma(self->fd, self->reserved, page_size, &unmapped));
	EXPECT_EQ(0, unmapped);
}

TEST_F(type1, unmap_takes_several_mappings_and_leaves_others)
{
	__u64 unmapped;

	for (int i = 0; i < 5; i++)
		ASSERT_EQ(0, map_dma(self->fd, self->memory,
				     IOVA + 2 * i * page_size, page_size));
	EXPECT_EQ(0, unmap_dma(self->fd, IOVA + page_size, 6 * page_size,
			       &unmapped));
	EXPECT_EQ(3 * page_size, unmapped);
	EXPECT_EQ(65533, dma_avail(self->fd));
	EXPECT_EQ(-EEXIST, map_dma(self->fd, self->memory, IOVA, page_size));
	EXPECT_EQ(-EEXIST, map_dma(self->fd, self->memory,
				   IOVA + 8 * page_size, page_size));
}

/* v1 takes what begins in the range, as a whole; v2 wants all of it */
TEST_F(type1, unmap_that_cuts_the_end_of_a_mapping)
{
	__u64 unmapped;

	ASSERT_EQ(0, map_dma(self->fd, self->memory, IOVA, 4 * page_size));
	ASSERT_EQ(0, map_dma(self->fd, self->memory, IOVA + 4 * page_size,
			     4 * page_size));
	if (self->v2) {
		EXPECT_EQ(-EINVAL, unmap_dma(self->fd, IOVA, page_size, NULL));
		EXPECT_EQ(-EINVAL, unmap_dma(self->fd, IOVA, 7 * page_size,
					     NULL));
		EXPECT_EQ(65533, dma_avail(self->fd));
		return;
	}
	EXPECT_EQ(0, unmap_dma(self->fd, IOVA, page_size, &unmapped));
	EXPECT_EQ(4 * page_size, unmapped);
	EXPECT_EQ(65534, dma_avail(self->fd));
	ASSERT_EQ(0, map_dma(self->fd, self->memory, IOVA, 4 * page_size));
	EXPECT_EQ(0, unmap_dma(self->fd, IOVA, 5 * page_size, &unmapped));
	EXPECT_EQ(8 * page_size, unmapped);
	EXPECT_EQ(65535, dma_avail(self->fd));
}

/* v1 takes nothing then, and says so */
TEST_F(type1, unmap_that_cuts_the_beginning_of_a_mapping)
{
	int rc = self->v2 ? -EINVAL : 0;
	__u64 size[] = { page_size, 3 * page_size, 7 * page_size };
	__u64 unmapped;

	ASSERT_EQ(0, map_dma(self->fd, self->memory, IOVA, 4 * page_size));
	ASSERT_EQ(0, map_dma(self->fd, self->memory, IOVA + 4 * page_size,
			     4 * page_size));
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(rc, unmap_dma(self->fd, IOVA + page_size, size[i],
					&unmapped));
		if (!rc)
			EXPECT_EQ(0, unmapped);
	}
	EXPECT_EQ(65533, dma_avail(self->fd));
	fill(self->memory, 5);
	ASSERT_EQ(0, edu_dma(&self->edu, EDU_FROM_MEMORY, IOVA,
			     EDU_MEMORY_SIZE));
	ASSERT_EQ(0, edu_dma(&self->edu, EDU_TO_MEMORY, IOVA + 5 * page_size,
			     EDU_MEMORY_SIZE));
	EXPECT_TRUE(is_filled(self->memory + page_size, 5));
}

TEST_F(type1, unmap_all)
{
	__u32 all = VFIO_DMA_UNMAP_FLAG_ALL;
	__u64 unmapped;

	EXPECT_EQ(0, unmap_dma_all(self->fd, &unmapped));
	EXPECT_EQ(0, unmapped);
	ASSERT_EQ(0, map_dma(self->fd, self->memory, 0, page_size));
	ASSERT_EQ(0, map_dma(self->fd, self->memory, IOVA, 3 * page_size));
	ASSERT_EQ(0, map_dma(self->fd, self->memory,
			     self->reserved - page_size, page_size));
	EXPECT_EQ(-EINVAL, unmap_dma_flags(self->fd, IOVA, 0, all, NULL));
	EXPECT_EQ(-EINVAL, unmap_dma_flags(self->fd, 0, page_size, all, NULL));
	EXPECT_EQ(65532, dma_avail(self->fd));
	EXPECT_EQ(0, unmap_dma_all(self->fd, &unmapped));
	EXPECT_EQ(5 * page_size, unmapped);
	EXPECT_EQ(65535, dma_avail(self->fd));
}

/* VFIO_IOMMU_DIRTY_PAGES */

TEST_F(type1, dirty_tracking_is_started_and_stopped)
{
	int rc = self->v2 ? 0 : -EACCES;

	EXPECT_EQ(rc, dirty_flags(self->fd, DIRTY_START));
	EXPECT_EQ(rc, dirty_flags(self->fd, DIRTY_START));
	EXPECT_EQ(rc, dirty_flags(self->fd, DIRTY_STOP));
	EXPECT_EQ(rc, dirty_flags(self->fd, DIRTY_STOP));
}

TEST_F(type1, dirty_tracking_checks_its_struct_and_flags)
{
	int rc = self->v2 ? -EINVAL : -EACCES;
	struct vfio_iommu_type1_dirty_bitmap cmd = {
		.argsz = sizeof(cmd) - 1,
		.flags = DIRTY_START,
	};

	EXPECT_EQ(rc, iommu_ioctl(self->fd, VFIO_IOMMU_DIRTY_PAGES, &cmd));
	EXPECT_EQ(self->v2 ? -EFAULT : -EACCES,
		  iommu_ioctl(self->fd, VFIO_IOMMU_DIRTY_PAGES, NULL));
	EXPECT_EQ(rc, dirty_flags(self->fd, DIRTY_START | DIRTY_STOP));
	EXPECT_EQ(rc, dirty_flags(self->fd, DIRTY_START | DIRTY_GET));
	EXPECT_EQ(rc, dirty_flags(self->fd, 1 << 3));
	EXPECT_EQ(rc, dirty_flags(self->fd, DIRTY_START | 1U << 31));
	/* no room for what it wants */
	EXPECT_EQ(rc, dirty_flags(self->fd, DIRTY_GET));
}

TEST_F(type1, dirty_bitmap_is_checked)
{
	__u64 size = 8 * page_size, bitmap[2] = {};
	int inval = self->v2 ? -EINVAL : -EACCES;

	ASSERT_EQ(0, map_dma(self->fd, self->memory, IOVA, size));
	/* not started */
	EXPECT_EQ(inval, dirty_get(self->fd, IOVA, size, page_size, bitmap, 8));
	if (!self->v2)
		return;
	ASSERT_EQ(0, dirty_flags(self->fd, DIRTY_START));
	EXPECT_EQ(0, dirty_get(self->fd, IOVA, size, page_size, bitmap, 8));

	EXPECT_EQ(-EINVAL, dirty_get(self->fd, IOVA, size, 2 * page_size,
				     bitmap, 8));
	EXPECT_EQ(-EINVAL, dirty_get(self->fd, IOVA, size, page_size / 2,
				     bitmap, 8));
	EXPECT_EQ(-EINVAL, dirty_get(self->fd, IOVA, size, page_size + 1,
				     bitmap, 16));
	/* bitmaps consist of words of 64 bits */
	EXPECT_EQ(-EINVAL, dirty_get(self->fd, IOVA, size, page_size, bitmap,
				     0));
	EXPECT_EQ(-EINVAL, dirty_get(self->fd, IOVA, size, page_size, bitmap,
				     7));
	EXPECT_EQ(-EINVAL, dirty_get(self->fd, IOVA, 65 * page_size, page_size,
				     bitmap, 8));
	EXPECT_EQ(0, dirty_get(self->fd, IOVA, 65 * page_size, page_size,
			       bitmap, 16));
	EXPECT_EQ(-EINVAL, dirty_get(self->fd, IOVA, size, page_size, bitmap,
				     (256 << 20) + 8));
	EXPECT_EQ(-EINVAL, dirty_get(self->fd, IOVA, 0, page_size, bitmap, 8));
	EXPECT_EQ(-EINVAL, dirty_get(self->fd, IOVA, page_size / 2, page_size,
				     bitmap, 8));
	EXPECT_EQ(-EINVAL, dirty_get(self->fd, IOVA + page_size / 2, page_size,
				     page_size, bitmap, 8));
	EXPECT_EQ(-EINVAL, dirty_get(self->fd, -page_size, 2 * page_size,
				     page_size, bitmap, 8));
	EXPECT_EQ(-EINVAL, dirty_get(self->fd, IOVA, size, page_size,
				     (void *)-8UL, 8));
	EXPECT_EQ(-EFAULT, dirty_get(self->fd, IOVA, size, page_size, NULL, 8));
	/* mappings that are cut */
	EXPECT_EQ(-EINVAL, dirty_get(self->fd, IOVA, page_size, page_size,
				     bitmap, 8));
	EXPECT_EQ(-EINVAL, dirty_get(self->fd, IOVA + page_size, size,
				     page_size, bitmap, 8));
	EXPECT_EQ(0, dirty_get(self->fd, IOVA - page_size, size + page_size,
			       page_size, bitmap, 8));
	EXPECT_EQ(0, dirty_get(self->fd, 0, page_size, page_size, bitmap, 8));
	ASSERT_EQ(0, dirty_flags(self->fd, DIRTY_STOP));
	EXPECT_EQ(-EINVAL, dirty_get(self->fd, IOVA, size, page_size, bitmap,
				     8));
}

/* What a device that does DMA may have written is all that is mapped */
TEST_F(type1, all_that_is_mapped_is_dirty)
{
	__u64 first = 0x7ULL << 2 | 0xfULL << 60;
	__u64 bitmap[4];

	if (!self->v2)
		return;
	ASSERT_EQ(0, map_dma(self->fd, self->memory, IOVA + 2 * page_size,
			     3 * page_size));
	ASSERT_EQ(0, dirty_flags(self->fd, DIRTY_START));
	ASSERT_EQ(0, map_dma(self->fd, self->memory, IOVA + 60 * page_size,
			     10 * page_size));
	memset(bitmap, 0, sizeof(bitmap));
	ASSERT_EQ(0, dirty_get(self->fd, IOVA, 200 * page_size, page_size,
			       bitmap, sizeof(bitmap)));
	EXPECT_EQ(first, bitmap[0]);
	EXPECT_EQ(0x3f, bitmap[1]);
	EXPECT_EQ(0, bitmap[2]);
	EXPECT_EQ(0, bitmap[3]);

	/* again; type1 also sets bits behind a mapping then */
	memset(bitmap, 0, sizeof(bitmap));
	ASSERT_EQ(0, dirty_get(self->fd, IOVA, 200 * page_size, page_size,
			       bitmap, sizeof(bitmap)));
	EXPECT_EQ(first, bitmap[0] & first);
	EXPECT_EQ(0x3f, bitmap[1] & 0x3f);
	EXPECT_EQ(0, bitmap[3]);
}

TEST_F(type1, bits_outside_of_a_mapping)
{
	__u64 bitmap[4] = { 0x103, ~0ULL, ~0ULL, ~0ULL };

	if (!self->v2)
		return;
	ASSERT_EQ(0, map_dma(self->fd, self->memory, IOVA + 2 * page_size,
			     page_size));
	ASSERT_EQ(0, map_dma(self->fd, self->memory, IOVA + 128 * page_size,
			     page_size));
	ASSERT_EQ(0, dirty_flags(self->fd, DIRTY_START));
	ASSERT_EQ(0, dirty_get(self->fd, IOVA, 256 * page_size, page_size,
			       bitmap, sizeof(bitmap)));
	/* a word is added to if the mapping does not begin with it */
	EXPECT_EQ(0x107, bitmap[0]);
	EXPECT_EQ(~0ULL, bitmap[1]);
	EXPECT_EQ(0x1, bitmap[2]);
	EXPECT_EQ(~0ULL, bitmap[3]);
}

TEST_F(type1, unmap_tells_what_was_dirty)
{
	__u64 bitmap[2] = {}, unmapped;

	ASSERT_EQ(0, map_dma(self->fd, self->memory, IOVA, 2 * page_size));
	ASSERT_EQ(0, map_dma(self->fd, self->memory, IOVA + 66 * page_size,
			     page_size));
	EXPECT_EQ(-EINVAL, unmap_dma_dirty(self->fd, IOVA, 80 * page_size,
					   page_size, bitmap, 16, NULL));
	if (!self->v2)
		return;
	ASSERT_EQ(0, dirty_flags(self->fd, DIRTY_START));
	EXPECT_EQ(0, unmap_dma_dirty(self->fd, IOVA, 80 * page_size, page_size,
				     bitmap, 16, &unmapped));
	EXPECT_EQ(3 * page_size, unmapped);
	EXPECT_EQ(0x3, bitmap[0]);
	EXPECT_EQ(0x4, bitmap[1]);
	EXPECT_EQ(65535, dma_avail(self->fd));
}

TEST_F(type1, unmap_with_a_bitmap_is_checked)
{
	__u32 get = VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP;
	__u64 size = 2 * page_size, bitmap[2] = {};

	if (self->v2)
		ASSERT_EQ(0, dirty_flags(self->fd, DIRTY_START));
	ASSERT_EQ(0, map_dma(self->fd, self->memory, IOVA, size));
	/* no room for the bitmap's struct */
	EXPECT_EQ(-EINVAL, unmap_dma_flags(self->fd, IOVA, size, get, NULL));
	EXPECT_EQ(-EINVAL, unmap_dma_flags(self->fd, 0, 0,
					   get | VFIO_DMA_UNMAP_FLAG_ALL,
					   NULL));
	EXPECT_EQ(-EINVAL, unmap_dma_flags(self->fd, IOVA, size,
					   get | VFIO_DMA_UNMAP_FLAG_VADDR,
					   NULL));
	EXPECT_EQ(-EINVAL, unmap_dma_dirty(self->fd, IOVA, size, 2 * page_size,
					   bitmap, 16, NULL));
	EXPECT_EQ(-EINVAL, unmap_dma_dirty(self->fd, IOVA, size, page_size,
					   bitmap, 4, NULL));
	EXPECT_EQ(-EINVAL, unmap_dma_dirty(self->fd, IOVA, size, page_size,
					   (void *)-8UL, 8, NULL));
	EXPECT_EQ(-EINVAL, unmap_dma_dirty(self->fd, IOVA, page_size, page_size,
					   bitmap, 8, NULL));
	EXPECT_EQ(65534, dma_avail(self->fd));
}

/* Equal in all that is told of the IOMMU, byte by byte */
TEST(info_of_both_is_the_same)
{
	static const char *const path[] = { TYPE1_CONTAINER, IOMMUFD_CONTAINER };
	static __u64 room[2][INFO_SIZE / 8];
	int coherent[2];

	for (int i = 0; i < 2; i++) {
		int group = vfio_open_group(getenv("EDU0"));
		int fd = container_open(path[i]);

		ASSERT_LE(0, fd);
		ASSERT_LE(0, group);
		ASSERT_EQ(0, set_container(group, fd));
		ASSERT_EQ(0, set_iommu(fd, VFIO_TYPE1v2_IOMMU));
		ASSERT_EQ(0, container_info(fd, (void *)room[i]));
		coherent[i] = check_extension(fd, VFIO_DMA_CC_IOMMU);
		close(group);
		close(fd);
	}
	EXPECT_LE(0, coherent[0]);
	EXPECT_EQ(coherent[0], coherent[1]);
	EXPECT_EQ(0, memcmp(room[0], room[1], INFO_SIZE));
}

TEST_HARNESS_MAIN
