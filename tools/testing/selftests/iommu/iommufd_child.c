// SPDX-License-Identifier: GPL-2.0-only
/*
 * Software nesting: an IOAS that is the child of another one. A device of the
 * mock IOMMU driver is attached to each, so that what is mapped can be seen in
 * their tables.
 */
#include <pthread.h>

#include "mock_fixture.h"
#include "slow_kernel.h"

#define NESTED_MAX 7

/* A child of @parent, 0 for none; returns what kind of nesting it is, or -errno */
static int child_alloc(int fd, __u32 parent, __u32 *ioas)
{
	struct iommu_ioasid_alloc cmd = {
		.size = sizeof(cmd),
		.format = IOMMU_FORMAT_MAP_UNMAP,
		.parent_id = parent,
	};
	int rc = iommu_ioctl(fd, IOMMU_IOASID_ALLOC, &cmd);

	*ioas = cmd.out_ioasid;
	return rc ?: (int)cmd.out_nesting;
}

struct space {
	__u32 ioas;
	struct mock_device dev;
};

FIXTURE(child)
{
	int fd;
	struct space parent;
	struct space child;
	__u8 *memory;
};

/* An IOAS with a device; 0 or -errno */
static int space_alloc(int fd, __u32 parent, struct space *space)
{
	int rc = child_alloc(fd, parent, &space->ioas);

	if (rc < 0)
		return rc;
	return mock_device(fd, space->ioas, &space->dev);
}

static long long mapped(int fd, const struct space *space)
{
	return mock_count_mapped(fd, space->dev.hwpt, IOVA, MOCK_COUNT_MAX);
}

FIXTURE_SETUP(child)
{
	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	self->memory = memory_map(MEMORY_PAGES * page_size);
	ASSERT_NE(NULL, self->memory);
	ASSERT_EQ(0, space_alloc(self->fd, 0, &self->parent));
	ASSERT_EQ(0, space_alloc(self->fd, self->parent.ioas, &self->child));
	/* two mappings, one behind the other */
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->parent.ioas, self->memory,
				    4 * page_size, IOVA));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->parent.ioas,
				    self->memory + 4 * page_size, 4 * page_size,
				    IOVA + 4 * page_size));
}

FIXTURE_TEARDOWN(child)
{
	EXPECT_EQ(0, close(self->fd));
	/* nothing that the descriptor held is left pinned */
	self->fd = iommu_open();
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory,
				     MEMORY_PAGES * page_size, 0));
	close(self->fd);
}

TEST_F(child, parent_lives_as_long_as_its_children)
{
	__u32 other;

	ASSERT_EQ(IOMMU_IOASID_SW_NESTED,
		  child_alloc(self->fd, self->parent.ioas, &other));
	ASSERT_EQ(0, iommu_destroy(self->fd, self->parent.dev.stdev));
	EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, self->parent.ioas));
	ASSERT_EQ(0, iommu_destroy(self->fd, other));
	EXPECT_EQ(-EBUSY, iommu_destroy(self->fd, self->parent.ioas));
	ASSERT_EQ(0, iommu_destroy(self->fd, self->child.dev.stdev));
	ASSERT_EQ(0, iommu_destroy(self->fd, self->child.ioas));
	EXPECT_EQ(0, iommu_destroy(self->fd, self->parent.ioas));
}

TEST_F(child, only_an_ioas_can_be_the_parent)
{
	__u32 id;

	EXPECT_EQ(-EINVAL, child_alloc(self->fd, self->parent.dev.hwpt, &id));
	EXPECT_EQ(-EINVAL, child_alloc(self->fd, self->parent.dev.idev, &id));
	EXPECT_EQ(-ENOENT, child_alloc(self->fd, 77, &id));
}

TEST_F(child, generations_are_limited)
{
	__u32 ioas = self->child.ioas, last;

	for (int i = 1; i < NESTED_MAX; i++)
		ASSERT_EQ(IOMMU_IOASID_SW_NESTED,
			  child_alloc(self->fd, ioas, &ioas));
	EXPECT_EQ(-EINVAL, child_alloc(self->fd, ioas, &last));
}

TEST_F(child, any_part_of_the_parent_can_be_copied)
{
	const __u64 io_page = MOCK_IO_PAGE_SIZE;

	/* across both mappings, and not in units of pages */
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, self->child.ioas,
				     self->parent.ioas, 4 * page_size,
				     IOVA + 0x100000 + io_page,
				     IOVA + 2 * page_size + io_page));
	EXPECT_EQ(0, mock_check_map(self->fd, self->child.dev.hwpt,
				    IOVA + 0x100000 + io_page,
				    self->memory + 2 * page_size + io_page,
				    4 * page_size));
	EXPECT_EQ(4 * page_size, mapped(self->fd, &self->child));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, 8 * page_size,
				     1));
}

TEST_F(child, child_loses_what_the_parent_unmaps)
{
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, self->child.ioas,
				     self->parent.ioas, 8 * page_size, IOVA,
				     IOVA));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->parent.ioas, IOVA,
				4 * page_size));
	EXPECT_EQ(4 * page_size, mapped(self->fd, &self->child));
	EXPECT_EQ(0, mock_count_mapped(self->fd, self->child.dev.hwpt, IOVA,
				       4 * page_size));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, 4 * page_size,
				     0));
	EXPECT_EQ(0, mock_check_map(self->fd, self->child.dev.hwpt,
				    IOVA + 4 * page_size,
				    self->memory + 4 * page_size,
				    4 * page_size));
	/* the child knows that it is gone: its IOVAs are free */
	EXPECT_EQ(-ENOENT, ioas_unmap(self->fd, self->child.ioas, IOVA,
				      4 * page_size));
	EXPECT_EQ(0, ioas_map_fixed(self->fd, self->child.ioas,
				    self->memory + 8 * page_size, page_size,
				    IOVA));
}

TEST_F(child, every_copy_is_lost)
{
	for (__u64 i = 0; i < 16; i++)
		ASSERT_EQ(0, ioas_copy_fixed(self->fd, self->child.ioas,
					     self->parent.ioas, page_size,
					     IOVA + 2 * i * page_size,
					     IOVA + i % 4 * page_size));
	ASSERT_EQ(16 * page_size, mapped(self->fd, &self->child));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->parent.ioas, IOVA,
				4 * page_size));
	EXPECT_EQ(0, mapped(self->fd, &self->child));
	EXPECT_EQ(4 * page_size, fdinfo_value(self->fd, "mapped-bytes"));
}

TEST_F(child, unmapping_all_of_the_parent_empties_the_child)
{
	__u64 unmapped;

	ASSERT_EQ(0, ioas_copy_fixed(self->fd, self->child.ioas,
				     self->parent.ioas, 8 * page_size, IOVA,
				     IOVA));
	ASSERT_EQ(0, ioas_unmap_all(self->fd, self->parent.ioas, &unmapped));
	EXPECT_EQ(8 * page_size, unmapped);
	EXPECT_EQ(0, mapped(self->fd, &self->child));
	EXPECT_EQ(0, fdinfo_value(self->fd, "mapped-bytes"));
}

TEST_F(child, refused_unmap_of_the_parent_takes_nothing)
{
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, self->child.ioas,
				     self->parent.ioas, 8 * page_size, IOVA,
				     IOVA));
	/* it would cut the second mapping */
	EXPECT_EQ(-ENOENT, ioas_unmap(self->fd, self->parent.ioas, IOVA,
				      6 * page_size));
	EXPECT_EQ(8 * page_size, mapped(self->fd, &self->child));
}

TEST_F(child, parent_keeps_what_the_child_unmaps)
{
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, self->child.ioas,
				     self->parent.ioas, 4 * page_size, IOVA,
				     IOVA));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->child.ioas, IOVA,
				4 * page_size));
	EXPECT_EQ(0, mapped(self->fd, &self->child));
	EXPECT_EQ(0, mock_check_map(self->fd, self->parent.dev.hwpt, IOVA,
				    self->memory, 4 * page_size));
	EXPECT_EQ(0, ioas_unmap(self->fd, self->parent.ioas, IOVA,
				4 * page_size));
}

TEST_F(child, descendants_lose_too)
{
	struct space grandchild, last;

	ASSERT_EQ(0, space_alloc(self->fd, self->child.ioas, &grandchild));
	ASSERT_EQ(0, space_alloc(self->fd, grandchild.ioas, &last));
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, self->child.ioas,
				     self->parent.ioas, 8 * page_size,
				     2 * IOVA, IOVA));
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, grandchild.ioas,
				     self->child.ioas, 7 * page_size, IOVA,
				     2 * IOVA + page_size));
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, last.ioas, grandchild.ioas,
				     4 * page_size, IOVA, IOVA + page_size));
	ASSERT_EQ(4 * page_size, mapped(self->fd, &last));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->parent.ioas, IOVA,
				4 * page_size));
	EXPECT_EQ(4 * page_size, mapped(self->fd, &grandchild));
	EXPECT_EQ(2 * page_size, mapped(self->fd, &last));
	/* a generation in between can lose it, too */
	ASSERT_EQ(0, ioas_unmap(self->fd, self->child.ioas,
				2 * IOVA + 4 * page_size, 4 * page_size));
	EXPECT_EQ(0, mapped(self->fd, &last));
	EXPECT_EQ(0, mock_check_map(self->fd, self->parent.dev.hwpt,
				    IOVA + 4 * page_size,
				    self->memory + 4 * page_size,
				    4 * page_size));
}

/* The common ancestor's unmap would not find the copy */
TEST_F(child, relatives_but_parent_and_siblings_give_no_copies)
{
	struct space grandchild, uncle;

	ASSERT_EQ(0, space_alloc(self->fd, self->child.ioas, &grandchild));
	ASSERT_EQ(0, space_alloc(self->fd, self->parent.ioas, &uncle));
	EXPECT_EQ(-EINVAL, ioas_copy_fixed(self->fd, grandchild.ioas,
					   self->parent.ioas, page_size, IOVA,
					   IOVA));
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, uncle.ioas, self->parent.ioas,
				     page_size, IOVA, IOVA));
	EXPECT_EQ(-EINVAL, ioas_copy_fixed(self->fd, grandchild.ioas,
					   uncle.ioas, page_size, IOVA, IOVA));
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, self->child.ioas, uncle.ioas,
				     page_size, IOVA, IOVA));
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, grandchild.ioas,
				     self->child.ioas, page_size, IOVA, IOVA));
	EXPECT_EQ(-EINVAL, ioas_copy_fixed(self->fd, self->child.ioas,
					   grandchild.ioas, page_size,
					   2 * IOVA, IOVA));
	ASSERT_EQ(0, ioas_unmap_all(self->fd, self->parent.ioas, NULL));
	EXPECT_EQ(0, mapped(self->fd, &self->child));
	EXPECT_EQ(0, mapped(self->fd, &grandchild));
	EXPECT_EQ(0, mapped(self->fd, &uncle));
}

TEST_F(child, copies_of_copies_are_lost)
{
	struct space sibling;

	ASSERT_EQ(0, space_alloc(self->fd, self->parent.ioas, &sibling));
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, self->child.ioas,
				     self->parent.ioas, 4 * page_size, IOVA,
				     IOVA));
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, self->child.ioas,
				     self->child.ioas, 2 * page_size,
				     IOVA + 16 * page_size,
				     IOVA + page_size));
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, sibling.ioas, self->child.ioas,
				     page_size, IOVA,
				     IOVA + 17 * page_size));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->parent.ioas, IOVA,
				4 * page_size));
	EXPECT_EQ(0, mapped(self->fd, &self->child));
	EXPECT_EQ(0, mapped(self->fd, &sibling));
}

TEST_F(child, what_comes_from_elsewhere_is_kept)
{
	__u32 other;

	ASSERT_EQ(0, ioas_alloc(self->fd, &other));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, other, self->memory, page_size,
				    IOVA));
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, self->child.ioas, other,
				     page_size, IOVA, IOVA));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->child.ioas, self->memory,
				    page_size, IOVA + page_size));
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, self->child.ioas,
				     self->parent.ioas, page_size,
				     IOVA + 2 * page_size, IOVA));
	ASSERT_EQ(0, ioas_unmap_all(self->fd, self->parent.ioas, NULL));
	EXPECT_EQ(2 * page_size, mapped(self->fd, &self->child));
	/* and what was copied out of the child is the destination's alone */
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, self->parent.ioas,
				     self->child.ioas, page_size, IOVA, IOVA));
	ASSERT_EQ(0, ioas_unmap_all(self->fd, self->child.ioas, NULL));
	EXPECT_EQ(page_size, mapped(self->fd, &self->parent));
}

TEST_F(child, users_inside_the_kernel_let_go_of_what_is_lost)
{
	int access = mock_access(self->fd, self->child.ioas, MOCK_ACCESS_PINS);
	__u32 item;

	ASSERT_LE(0, access);
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, self->child.ioas,
				     self->parent.ioas, 4 * page_size, IOVA,
				     IOVA));
	ASSERT_EQ(0, mock_access_pin(self->fd, access, IOVA, page_size,
				     self->memory, MOCK_ACCESS_WRITE, &item));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->parent.ioas, IOVA,
				4 * page_size));
	EXPECT_EQ(-ENOENT, mock_access_unpin(self->fd, access, item));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, 4 * page_size,
				     0));
	close(access);
}

TEST_F(child, child_without_device_loses_too)
{
	__u32 id;

	ASSERT_EQ(IOMMU_IOASID_SW_NESTED,
		  child_alloc(self->fd, self->parent.ioas, &id));
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, id, self->parent.ioas,
				     4 * page_size, IOVA, IOVA));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->parent.ioas, IOVA,
				4 * page_size));
	EXPECT_EQ(-ENOENT, ioas_unmap(self->fd, id, IOVA, 4 * page_size));
}

/*
 * Races
 */

struct race {
	int fd;
	__u32 parent;
	__u32 child;
	bool stop;
	unsigned long copied;
	int unexpected;
};

/* Copies what is there, a page at a time, and now and then unmaps in the child */
static void *copier(void *arg)
{
	struct race *race = arg;

	for (__u64 i = 0; !__atomic_load_n(&race->stop, __ATOMIC_RELAXED);
	     i++) {
		__u64 offset = i % 64 * page_size;
		int rc = ioas_copy_fixed(race->fd, race->child, race->parent,
					 page_size, IOVA + offset,
					 IOVA + i % 8 * page_size);

		if (!rc)
			race->copied++;
		else if (rc != -ENOENT && rc != -EEXIST)
			race->unexpected = rc;
		if (i % 5)
			continue;
		rc = ioas_unmap(race->fd, race->child, IOVA + offset,
				page_size);
		if (rc && rc != -ENOENT)
			race->unexpected = rc;
	}
	return NULL;
}

TEST_F(child, nothing_is_left_however_fast_it_is_copied)
{
	struct race race = {
		.fd = self->fd,
		.parent = self->parent.ioas,
		.child = self->child.ioas,
	};
	int rounds = is_slow_kernel() ? 100 : 500;
	pthread_t thread[2];

	for (int i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, copier, &race));
	for (int i = 0; i < rounds; i++) {
		ASSERT_EQ(0, ioas_unmap_all(self->fd, self->parent.ioas, NULL));
		EXPECT_EQ(0, mapped(self->fd, &self->child));
		EXPECT_EQ(0, mock_check_pins(self->fd, self->memory,
					     8 * page_size, 0));
		ASSERT_EQ(0, ioas_map_fixed(self->fd, self->parent.ioas,
					    self->memory, 4 * page_size,
					    IOVA));
		ASSERT_EQ(0, ioas_map_fixed(self->fd, self->parent.ioas,
					    self->memory + 4 * page_size,
					    4 * page_size,
					    IOVA + 4 * page_size));
		usleep(i % 4 * 100);
	}
	__atomic_store_n(&race.stop, true, __ATOMIC_RELAXED);
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	EXPECT_EQ(0, race.unexpected);
	EXPECT_LT(0, race.copied);
}

/* Makes a child, fills it and destroys it, all the time */
static void *breeder(void *arg)
{
	struct race *race = arg;

	while (!__atomic_load_n(&race->stop, __ATOMIC_RELAXED)) {
		__u32 id;
		int rc;

		if (child_alloc(race->fd, race->parent, &id) < 0) {
			race->unexpected = 1;
			break;
		}
		rc = ioas_copy_fixed(race->fd, id, race->parent, page_size,
				     IOVA, IOVA);
		if (!rc)
			race->copied++;
		else if (rc != -ENOENT)
			race->unexpected = rc;
		rc = iommu_destroy(race->fd, id);
		if (rc)
			race->unexpected = rc;
	}
	return NULL;
}

TEST_F(child, children_come_and_go_while_the_parent_unmaps)
{
	struct race race = {
		.fd = self->fd,
		.parent = self->parent.ioas,
	};
	int rounds = is_slow_kernel() ? 250 : 500;
	pthread_t thread;

	/* the thread's child is the only one */
	ASSERT_EQ(0, iommu_destroy(self->fd, self->child.dev.stdev));
	ASSERT_EQ(0, iommu_destroy(self->fd, self->child.ioas));
	ASSERT_EQ(0, pthread_create(&thread, NULL, breeder, &race));
	for (int i = 0; i < rounds; i++) {
		ASSERT_EQ(0, ioas_unmap_all(self->fd, self->parent.ioas, NULL));
		EXPECT_EQ(0, mock_check_pins(self->fd, self->memory,
					     8 * page_size, 0));
		for (int j = 0; j < 8; j++)
			ASSERT_EQ(0, ioas_map_fixed(self->fd,
						    self->parent.ioas,
						    self->memory, page_size,
						    IOVA + j * page_size));
		usleep(i % 4 * 100);
	}
	__atomic_store_n(&race.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	EXPECT_EQ(0, race.unexpected);
	EXPECT_LT(0, race.copied);
}

TEST_HARNESS_MAIN
