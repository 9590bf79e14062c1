// SPDX-License-Identifier: GPL-2.0-only
/*
 * RLIMIT_MEMLOCK: of the user by default, of the process by option. Run by an
 * unprivileged process, with mock devices (CONFIG_IOMMUFD_TEST).
 */
#include "mock_fixture.h"

FIXTURE(rlimit)
{
	int fd;
	__u32 ioas;
	struct mock_device dev;
	__u8 *memory;
};

FIXTURE_VARIANT(rlimit)
{
	bool process;
	const char *counter;
};

FIXTURE_VARIANT_ADD(rlimit, user)
{
	.process = false,
	.counter = "VmPin",
};

FIXTURE_VARIANT_ADD(rlimit, process)
{
	.process = true,
	.counter = "VmLck",
};

#define LIMIT_PAGES	10

FIXTURE_SETUP(rlimit)
{
	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, option_set(self->fd, IOMMU_OPTION_RLIMIT_MODE, 0,
				variant->process));
	ASSERT_EQ(0, set_limit(LIMIT_PAGES));
	ASSERT_EQ(0, become(NOBODY));
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->ioas));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &self->dev));
	self->memory = memory_map(2 * LIMIT_PAGES * page_size);
	ASSERT_NE(NULL, self->memory);
}

FIXTURE_TEARDOWN(rlimit)
{
	EXPECT_EQ(0, close(self->fd));
	EXPECT_EQ(0, status_pages("VmPin"));
	EXPECT_EQ(0, status_pages("VmLck"));
}

static int map_page(int fd, __u32 ioas, __u8 *memory, int i)
{
	return ioas_map_fixed(fd, ioas, memory + i * page_size, page_size,
			      IOVA + i * page_size);
}

TEST_F(rlimit, limit_is_exact)
{
	for (int i = 0; i < LIMIT_PAGES; i++) {
		ASSERT_EQ(0, map_page(self->fd, self->ioas, self->memory, i));
		EXPECT_EQ(i + 1, status_pages(variant->counter));
	}
	EXPECT_EQ(-ENOMEM, map_page(self->fd, self->ioas, self->memory,
				    LIMIT_PAGES));
	EXPECT_EQ(LIMIT_PAGES, status_pages(variant->counter));
	/* what was given back can be used again, once */
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA, page_size));
	EXPECT_EQ(LIMIT_PAGES - 1, status_pages(variant->counter));
	ASSERT_EQ(0, map_page(self->fd, self->ioas, self->memory, LIMIT_PAGES));
	EXPECT_EQ(-ENOMEM, map_page(self->fd, self->ioas, self->memory, 0));
}

TEST_F(rlimit, one_map_may_have_the_whole_limit)
{
	EXPECT_EQ(-ENOMEM, ioas_map_fixed(self->fd, self->ioas, self->memory,
					  (LIMIT_PAGES + 1) * page_size, IOVA));
	EXPECT_EQ(0, status_pages(variant->counter));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory,
				     (LIMIT_PAGES + 1) * page_size, 0));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    LIMIT_PAGES * page_size, IOVA));
	EXPECT_EQ(LIMIT_PAGES, status_pages(variant->counter));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA,
				LIMIT_PAGES * page_size));
	EXPECT_EQ(0, status_pages(variant->counter));
}

TEST_F(rlimit, registered_memory_is_charged_once)
{
	__u32 id;

	ASSERT_EQ(0, memory_register(self->fd, self->memory,
				     LIMIT_PAGES * page_size, 0, &id));
	EXPECT_EQ(LIMIT_PAGES, status_pages(variant->counter));
	for (int i = 0; i < LIMIT_PAGES; i++)
		ASSERT_EQ(0, ioas_map_flags(self->fd, self->ioas, self->memory,
					    LIMIT_PAGES * page_size,
					    &(__u64){ IOVA + i * MOCK_HUGE_PAGE_SIZE },
					    IOMMU_IOAS_MAP_READABLE |
					    IOMMU_IOAS_MAP_FIXED_IOVA));
	EXPECT_EQ(LIMIT_PAGES, status_pages(variant->counter));
	EXPECT_EQ(-ENOMEM, map_page(self->fd, self->ioas, self->memory,
				    LIMIT_PAGES));
	ASSERT_EQ(0, ioas_unmap_all(self->fd, self->ioas, NULL));
	EXPECT_EQ(LIMIT_PAGES, status_pages(variant->counter));
	ASSERT_EQ(0, iommu_destroy(self->fd, id));
	EXPECT_EQ(0, status_pages(variant->counter));
}

TEST_F(rlimit, map_without_device_costs_nothing)
{
	__u32 ioas;

	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, ioas, self->memory,
				    2 * LIMIT_PAGES * page_size, IOVA));
	EXPECT_EQ(0, status_pages(variant->counter));
}

TEST_F(rlimit, attach_over_the_limit_fails)
{
	struct mock_device dev;
	__u32 ioas;

	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, ioas, self->memory,
				    LIMIT_PAGES * page_size, IOVA));
	ASSERT_EQ(0, map_page(self->fd, ioas, self->memory, LIMIT_PAGES));
	EXPECT_EQ(-ENOMEM, mock_device(self->fd, ioas, &dev));
	EXPECT_EQ(0, status_pages(variant->counter));
	ASSERT_EQ(0, ioas_unmap(self->fd, ioas, IOVA + LIMIT_PAGES * page_size,
				page_size));
	ASSERT_EQ(0, mock_device(self->fd, ioas, &dev));
	EXPECT_EQ(LIMIT_PAGES, status_pages(variant->counter));
}

TEST_F(rlimit, further_tables_and_copies_cost_nothing)
{
	__u64 copy = 0;
	__u32 hwpt;

	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    LIMIT_PAGES * page_size, IOVA));
	EXPECT_EQ(0, ioas_copy(self->fd, self->ioas, self->ioas,
			       LIMIT_PAGES * page_size, &copy, IOVA));
	EXPECT_EQ(0, hwpt_alloc(self->fd, self->dev.idev, self->ioas, 0,
				&hwpt));
	EXPECT_EQ(LIMIT_PAGES, status_pages(variant->counter));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA,
				LIMIT_PAGES * page_size));
	EXPECT_EQ(LIMIT_PAGES, status_pages(variant->counter));
	EXPECT_EQ(-ENOMEM, map_page(self->fd, self->ioas, self->memory, 0));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, copy,
				LIMIT_PAGES * page_size));
	EXPECT_EQ(0, status_pages(variant->counter));
}

TEST_F(rlimit, detach_gives_everything_back)
{
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    LIMIT_PAGES * page_size, IOVA));
	ASSERT_EQ(0, iommu_destroy(self->fd, self->dev.stdev));
	EXPECT_EQ(0, status_pages(variant->counter));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &self->dev));
	EXPECT_EQ(LIMIT_PAGES, status_pages(variant->counter));
}

/* Of two processes of one user only one can have the limit, or each */
TEST_F(rlimit, limit_is_of_the_user_or_of_each_process)
{
	int expected = variant->process ? 0 : ENOMEM;
	int status;
	pid_t pid;

	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    LIMIT_PAGES * page_size, IOVA));
	pid = fork();
	if (!pid)
		_exit(-ioas_map_fixed(self->fd, self->ioas, self->memory,
				      LIMIT_PAGES * page_size,
				      IOVA + LIMIT_PAGES * page_size));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_TRUE(WIFEXITED(status));
	EXPECT_EQ(expected, WEXITSTATUS(status));
}

/* What a process that is gone had pinned is charged until it is unmapped */
TEST_F(rlimit, exited_process_is_charged_until_unmap)
{
	int expected = variant->process ? 0 : -ENOMEM;
	int status;
	pid_t pid;

	pid = fork();
	if (!pid)
		_exit(-ioas_map_fixed(self->fd, self->ioas, self->memory,
				      LIMIT_PAGES * page_size, IOVA));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, status);
	EXPECT_EQ(expected, map_page(self->fd, self->ioas, self->memory,
				     LIMIT_PAGES));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA,
				LIMIT_PAGES * page_size));
	EXPECT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    (LIMIT_PAGES - 1) * page_size, IOVA));
}

TEST_F(mock, process_with_cap_ipc_lock_has_no_limit)
{
	struct mock_device dev;

	ASSERT_EQ(0, set_limit(1));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &dev));
	EXPECT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    MEMORY_PAGES * page_size, IOVA));
	EXPECT_EQ(MEMORY_PAGES, status_pages("VmPin"));
	EXPECT_EQ(0, status_pages("VmLck"));
}

/*
 * What users inside the kernel pin counts, what they read and write does not
 */

FIXTURE(pin_limit)
{
	int fd;
	__u32 ioas;
	int access;
	__u8 *memory;
};

FIXTURE_VARIANT(pin_limit)
{
	bool process;
	const char *counter;
};

FIXTURE_VARIANT_ADD(pin_limit, user)
{
	.process = false,
	.counter = "VmPin",
};

FIXTURE_VARIANT_ADD(pin_limit, process)
{
	.process = true,
	.counter = "VmLck",
};

FIXTURE_SETUP(pin_limit)
{
	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, option_set(self->fd, IOMMU_OPTION_RLIMIT_MODE, 0,
				variant->process));
	ASSERT_EQ(0, set_limit(LIMIT_PAGES));
	ASSERT_EQ(0, become(NOBODY));
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->ioas));
	self->access = mock_access(self->fd, self->ioas, MOCK_ACCESS_PINS);
	ASSERT_LE(0, self->access);
	self->memory = memory_map(MEMORY_PAGES * page_size);
	ASSERT_NE(NULL, self->memory);
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    MEMORY_PAGES * page_size, IOVA));
}

FIXTURE_TEARDOWN(pin_limit)
{
	close(self->access);
	close(self->fd);
	EXPECT_EQ(0, status_pages("VmPin"));
	EXPECT_EQ(0, status_pages("VmLck"));
}

TEST_F(pin_limit, pin_counts)
{
	__u32 item;

	ASSERT_EQ(0, mock_access_pin(self->fd, self->access, IOVA,
				     LIMIT_PAGES * page_size, NULL, 0, &item));
	EXPECT_EQ(LIMIT_PAGES, status_pages(variant->counter));
	EXPECT_EQ(-ENOMEM, mock_access_pin(self->fd, self->access,
					   IOVA + LIMIT_PAGES * page_size, 1,
					   NULL, 0, NULL));
	/* these are pinned and paid for */
	EXPECT_EQ(0, mock_access_pin(self->fd, self->access, IOVA, page_size,
				     NULL, 0, NULL));
	EXPECT_EQ(LIMIT_PAGES, status_pages(variant->counter));
	EXPECT_EQ(0, mock_access_unpin(self->fd, self->access, item));
	EXPECT_EQ(1, status_pages(variant->counter));
	EXPECT_EQ(0, mock_access_pin(self->fd, self->access, IOVA + page_size,
				     (LIMIT_PAGES - 1) * page_size, NULL, 0,
				     NULL));
	EXPECT_EQ(LIMIT_PAGES, status_pages(variant->counter));
}

TEST_F(pin_limit, pin_over_it_pins_nothing)
{
	EXPECT_EQ(-ENOMEM, mock_access_pin(self->fd, self->access, IOVA,
					   (LIMIT_PAGES + 1) * page_size, NULL,
					   0, NULL));
	EXPECT_EQ(0, status_pages(variant->counter));
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory,
				     MEMORY_PAGES * page_size, 0));
}

TEST_F(pin_limit, read_and_write_do_not_count)
{
	__u8 byte = 1;

	ASSERT_EQ(0, mock_access_pin(self->fd, self->access, IOVA,
				     LIMIT_PAGES * page_size, NULL, 0, NULL));
	for (int page = 0; page < MEMORY_PAGES; page++) {
		EXPECT_EQ(0,
			  mock_access_rw(self->fd, self->access,
					 IOVA + page * page_size, &byte, 1, 0));
		EXPECT_EQ(0, mock_access_rw(self->fd, self->access,
					    IOVA + page * page_size, &byte, 1,
					    MOCK_ACCESS_WRITE));
	}
	EXPECT_EQ(LIMIT_PAGES, status_pages(variant->counter));
}

TEST_F(pin_limit, page_of_access_and_device_is_paid_for_once)
{
	struct mock_device dev;
	__u32 ioas;

	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	ASSERT_EQ(0, mock_access_pin(self->fd, self->access, IOVA,
				     2 * page_size, NULL, 0, NULL));
	ASSERT_EQ(0, mock_device(self->fd, ioas, &dev));
	/* two are shared, the others are new */
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, ioas, self->ioas,
				     LIMIT_PAGES * page_size, IOVA, IOVA));
	EXPECT_EQ(LIMIT_PAGES, status_pages(variant->counter));
	/* whoever goes first */
	ASSERT_EQ(0, iommu_destroy(self->fd, dev.stdev));
	EXPECT_EQ(2, status_pages(variant->counter));
	ASSERT_EQ(0, mock_device(self->fd, ioas, &dev));
	EXPECT_EQ(LIMIT_PAGES, status_pages(variant->counter));
	close(self->access);
	EXPECT_EQ(LIMIT_PAGES, status_pages(variant->counter));
	ASSERT_EQ(0, iommu_destroy(self->fd, dev.stdev));
	EXPECT_EQ(0, status_pages(variant->counter));
}

/* In a child, as the test must get its rights back */
static int map_with_fewer_rights(__u8 *memory)
{
	int fd = iommu_open();
	struct mock_device dev;
	__u32 ioas;

	if (fd < 0 || ioas_alloc(fd, &ioas) || mock_device(fd, ioas, &dev) ||
	    set_limit(1))
		return 1;
	for (int i = 0; i < 3; i++)
		if (map_page(fd, ioas, memory, i))
			return 2;
	if (become(NOBODY))
		return 3;
	if (map_page(fd, ioas, memory, 3) ||
	    map_page(fd, ioas, memory, 4) != -ENOMEM)
		return 4;
	/* what was mapped before was not charged */
	if (ioas_unmap(fd, ioas, IOVA, page_size) ||
	    map_page(fd, ioas, memory, 4) != -ENOMEM)
		return 5;
	return status_pages("VmPin") == 3 ? 0 : 6;
}

TEST(rights_that_are_given_up_are_missed_at_once)
{
	__u8 *memory = memory_map(5 * page_size);
	int status;
	pid_t pid;

	ASSERT_NE(NULL, memory);
	pid = fork();
	if (!pid)
		_exit(map_with_fewer_rights(memory));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_HARNESS_MAIN
