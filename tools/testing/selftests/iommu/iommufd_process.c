// SPDX-License-Identifier: GPL-2.0-only
/*
 * IOMMU_IOAS_CHANGE_PROCESS: another process pays for the files that are mapped.
 * With mock devices (CONFIG_IOMMUFD_TEST).
 *
 * The other process is a child that has nothing but the descriptor: forked, or
 * this program executed again, which then is the same process with other memory.
 */
#include <pthread.h>

#include "mock_fixture.h"

#define FILE_PAGES	8

/* Exit codes of a child beside errnos */
#define CHARGED_BEFORE	200
#define CHARGED_OTHER	201

/*
 * Let the current process pay. It must pay for nothing before, and for @pages
 * afterwards. Returns an exit code.
 */
static int take_over(int fd, long pages)
{
	int rc;

	if (status_pages("VmPin"))
		return CHARGED_BEFORE;
	rc = ioas_change_process(fd);
	if (rc)
		pages = 0;
	if (status_pages("VmPin") != pages)
		return CHARGED_OTHER;
	return -rc;
}

/* Returns the exit code of a child, or -1 */
static int exit_code(pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static int take_over_in_child(int fd, long pages)
{
	pid_t pid = fork();

	if (!pid)
		_exit(take_over(fd, pages));
	return exit_code(pid);
}

/*
 * This program, executed again: the descriptor and the number of pages are in the
 * environment, and main() is not reached.
 */
#define EXEC_VARIABLE	"IOMMUFD_PROCESS"

static void __attribute__((constructor)) executed_again(void)
{
	const char *value = getenv(EXEC_VARIABLE);
	long pages;
	int fd;

	if (!value)
		return;
	if (sscanf(value, "%d %ld", &fd, &pages) != 2)
		_exit(EINVAL);
	_exit(take_over(fd, pages));
}

static int take_over_after_exec(int fd, long pages)
{
	char value[64];
	pid_t pid;

	pid = fork();
	if (pid)
		return exit_code(pid);
	/* what it pays for before must not matter either */
	if (ioas_change_process(fd) || status_pages("VmPin") != pages)
		_exit(CHARGED_OTHER);
	snprintf(value, sizeof(value), "%d %ld", fd, pages);
	if (setenv(EXEC_VARIABLE, value, 1) || fcntl(fd, F_SETFD, 0))
		_exit(errno);
	execl("/proc/self/exe", "iommufd_process", NULL);
	_exit(errno);
}

/*
 * A device on an IOAS, and files. The process has CAP_IPC_LOCK: only what is
 * pinned is counted.
 */
FIXTURE(process)
{
	int fd;
	__u32 ioas;
	struct mock_device dev;
	size_t length;
	int file[3];
};

FIXTURE_VARIANT(process)
{
	enum file_kind kind;
};

FIXTURE_VARIANT_ADD(process, memfd)
{
	.kind = MEMFD,
};

FIXTURE_VARIANT_ADD(process, hugetlb)
{
	.kind = MEMFD_HUGETLB,
};

FIXTURE_SETUP(process)
{
	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->ioas));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &self->dev));
	self->length = is_huge(variant->kind) ? HUGETLB_SIZE :
						FILE_PAGES * page_size;
	for (int i = 0; i < 3; i++) {
		self->file[i] = file_create(variant->kind, self->length);
		ASSERT_LE(0, self->file[i]);
	}
}

FIXTURE_TEARDOWN(process)
{
	EXPECT_EQ(0, close(self->fd));
	EXPECT_EQ(0, status_pages("VmPin"));
	EXPECT_EQ(0, status_pages("VmLck"));
}

TEST_F(process, nothing_mapped_is_nothing_to_pay_for)
{
	EXPECT_EQ(0, ioas_change_process(self->fd));
	EXPECT_EQ(0, take_over_in_child(self->fd, 0));
}

TEST_F(process, child_pays_for_what_is_mapped)
{
	long pages = self->length / page_size;

	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, self->file[0], 0,
				   self->length, IOVA));
	EXPECT_EQ(pages, status_pages("VmPin"));
	EXPECT_EQ(0, take_over_in_child(self->fd, pages));
	EXPECT_EQ(0, status_pages("VmPin"));
	/* the child is gone, and paid nevertheless: back to here */
	EXPECT_EQ(0, ioas_change_process(self->fd));
	EXPECT_EQ(pages, status_pages("VmPin"));
}

TEST_F(process, executed_program_pays_for_what_is_mapped)
{
	long pages = self->length / page_size;

	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, self->file[0], 0,
				   self->length, IOVA));
	EXPECT_EQ(0, take_over_after_exec(self->fd, pages));
	EXPECT_EQ(0, status_pages("VmPin"));
	EXPECT_EQ(0, ioas_change_process(self->fd));
	EXPECT_EQ(pages, status_pages("VmPin"));
}

TEST_F(process, who_pays_already_goes_on_to_pay)
{
	long pages = self->length / page_size;

	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, self->file[0], 0,
				   self->length, IOVA));
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(0, ioas_change_process(self->fd));
		EXPECT_EQ(pages, status_pages("VmPin"));
	}
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA, self->length));
	EXPECT_EQ(0, status_pages("VmPin"));
}

/* Files, IOASes, copies, accesses: whatever pins, exactly once */
TEST_F(process, all_that_is_pinned_is_moved)
{
	long pages = self->length / page_size;
	struct mock_device other;
	__u32 ioas, unpinned;
	int access;

	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	ASSERT_EQ(0, ioas_alloc(self->fd, &unpinned));
	ASSERT_EQ(0, mock_device(self->fd, ioas, &other));
	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, self->file[0], 0,
				   self->length, IOVA));
	ASSERT_EQ(0, ioas_copy_fixed(self->fd, ioas, self->ioas,
				     self->length / 2, IOVA, IOVA));
	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, self->file[1],
				   page_size, page_size, 2 * IOVA));
	ASSERT_EQ(0, ioas_map_file(self->fd, ioas, self->file[1],
				   page_size, 2 * page_size, 2 * IOVA));
	ASSERT_EQ(0, ioas_map_file(self->fd, unpinned, self->file[2], 0,
				   self->length, IOVA));
	access = mock_access(self->fd, unpinned, MOCK_ACCESS_PINS);
	ASSERT_LE(0, access);
	ASSERT_EQ(0, mock_access_pin(self->fd, access, IOVA + page_size,
				     3 * page_size, NULL, 0, NULL));
	EXPECT_EQ(pages + 6, status_pages("VmPin"));
	EXPECT_EQ(0, take_over_in_child(self->fd, pages + 6));
	EXPECT_EQ(0, status_pages("VmPin"));
	/* what goes away was the child's */
	ASSERT_EQ(0, ioas_unmap(self->fd, ioas, 2 * IOVA, 2 * page_size));
	EXPECT_EQ(0, ioas_change_process(self->fd));
	EXPECT_EQ(pages + 4, status_pages("VmPin"));
	close(access);
	EXPECT_EQ(pages + 1, status_pages("VmPin"));
}

TEST_F(process, mapping_that_is_pinned_later_is_paid_by_the_new_process)
{
	long pages = self->length / page_size;
	__u32 ioas;

	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	ASSERT_EQ(0, ioas_map_file(self->fd, ioas, self->file[0], 0,
				   self->length, IOVA));
	EXPECT_EQ(0, take_over_in_child(self->fd, 0));
	ASSERT_EQ(0, mock_replace(self->fd, self->dev.stdev, ioas, NULL));
	EXPECT_EQ(0, status_pages("VmPin"));
	/* mappings from here on are of who makes them */
	ASSERT_EQ(0, ioas_map_file(self->fd, ioas, self->file[0], 0,
				   page_size, 2 * IOVA));
	EXPECT_EQ(1, status_pages("VmPin"));
	EXPECT_EQ(0, ioas_change_process(self->fd));
	EXPECT_EQ(pages + 1, status_pages("VmPin"));
}

TEST_F(process, other_descriptors_are_left_alone)
{
	struct mock_device dev;
	int fd = iommu_open();
	__u32 ioas;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ioas_alloc(fd, &ioas));
	ASSERT_EQ(0, mock_device(fd, ioas, &dev));
	ASSERT_EQ(0, ioas_map_file(fd, ioas, self->file[0], 0, page_size,
				   IOVA));
	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, self->file[0], 0,
				   2 * page_size, IOVA));
	EXPECT_EQ(0, take_over_in_child(self->fd, 2));
	EXPECT_EQ(1, status_pages("VmPin"));
	close(fd);
}

TEST_F(process, all_mappings_must_be_of_files)
{
	long pages = self->length / page_size;
	__u8 *memory = memory_map(page_size);
	__u32 ioas;

	ASSERT_NE(NULL, memory);
	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, self->file[0], 0,
				   self->length, IOVA));
	/* where nothing is pinned, too */
	ASSERT_EQ(0, ioas_map_fixed(self->fd, ioas, memory, page_size, IOVA));
	EXPECT_EQ(-EINVAL, ioas_change_process(self->fd));
	EXPECT_EQ(EINVAL, take_over_in_child(self->fd, 0));
	EXPECT_EQ(pages, status_pages("VmPin"));
	ASSERT_EQ(0, ioas_unmap(self->fd, ioas, IOVA, page_size));
	EXPECT_EQ(0, take_over_in_child(self->fd, pages));
	EXPECT_EQ(0, status_pages("VmPin"));
}

TEST_F(process, no_memory_may_be_registered)
{
	long pages = self->length / page_size;
	__u8 *memory = memory_map(page_size);
	__u32 id;

	ASSERT_NE(NULL, memory);
	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, self->file[0], 0,
				   self->length, IOVA));
	/* mapped or not */
	ASSERT_EQ(0, memory_register(self->fd, memory, page_size, 0, &id));
	EXPECT_EQ(-EINVAL, ioas_change_process(self->fd));
	EXPECT_EQ(EINVAL, take_over_in_child(self->fd, 0));
	EXPECT_EQ(pages + 1, status_pages("VmPin"));
	ASSERT_EQ(0, iommu_destroy(self->fd, id));
	EXPECT_EQ(0, take_over_in_child(self->fd, pages));
	EXPECT_EQ(0, status_pages("VmPin"));
}

/* Nobody pays for it */
TEST_F(process, memory_of_a_device_may_be_mapped)
{
	long pages = self->length / page_size;
	int dmabuf;

	dmabuf = mock_dmabuf(self->fd, 2 * page_size, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, dmabuf);
	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, dmabuf, 0,
				   2 * page_size, 2 * IOVA));
	EXPECT_EQ(0, take_over_in_child(self->fd, 0));
	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, self->file[0], 0,
				   self->length, IOVA));
	EXPECT_EQ(pages, status_pages("VmPin"));
	EXPECT_EQ(0, take_over_in_child(self->fd, pages));
	EXPECT_EQ(0, status_pages("VmPin"));
	EXPECT_EQ(0, ioas_unmap(self->fd, self->ioas, 2 * IOVA, 2 * page_size));
	EXPECT_EQ(0, ioas_change_process(self->fd));
	EXPECT_EQ(pages, status_pages("VmPin"));
	close(dmabuf);
}

TEST_F(process, memory_of_a_process_that_is_gone_counts)
{
	__u8 *memory = memory_map(page_size);
	pid_t pid;

	ASSERT_NE(NULL, memory);
	pid = fork();
	if (!pid)
		_exit(-ioas_map_fixed(self->fd, self->ioas, memory, page_size,
				      IOVA));
	ASSERT_EQ(0, exit_code(pid));
	EXPECT_EQ(-EINVAL, ioas_change_process(self->fd));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA, page_size));
	EXPECT_EQ(0, ioas_change_process(self->fd));
}

TEST_F(process, killed_payer_leaves_nothing)
{
	int status;
	pid_t pid;

	ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas, self->file[0], 0,
				   self->length, IOVA));
	pid = fork();
	if (!pid) {
		if (take_over(self->fd, self->length / page_size))
			_exit(1);
		kill(getpid(), SIGSTOP);
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, WUNTRACED));
	ASSERT_TRUE(WIFSTOPPED(status));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status_pages("VmPin"));
	EXPECT_EQ(0, ioas_change_process(self->fd));
	EXPECT_EQ(self->length / page_size, status_pages("VmPin"));
}

/*
 * While a child takes over again and again
 */

#define ROUNDS	1000

static void *keep_changing(void *arg)
{
	int fd = *(int *)arg, rc = 0;

	for (int i = 0; i < ROUNDS && !rc; i++)
		rc = ioas_change_process(fd);
	return (void *)(intptr_t)rc;
}

TEST_F(process, change_while_files_are_mapped_loses_no_charge)
{
	pthread_t thread;
	void *result;
	pid_t pid;

	pid = fork();
	if (!pid)
		_exit(-(intptr_t)keep_changing(&self->fd));
	ASSERT_EQ(0, pthread_create(&thread, NULL, keep_changing, &self->fd));
	for (int i = 0; i < ROUNDS; i++) {
		int n = i % 3;

		ASSERT_EQ(0, ioas_map_file(self->fd, self->ioas,
					   self->file[n], 0, 3 * page_size,
					   IOVA + n * page_size * 4));
		if (i < 2)
			continue;
		n = (i + 1) % 3;
		ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas,
					IOVA + n * page_size * 4,
					3 * page_size));
	}
	EXPECT_EQ(0, exit_code(pid));
	ASSERT_EQ(0, pthread_join(thread, &result));
	EXPECT_EQ(NULL, result);
	EXPECT_EQ(0, ioas_change_process(self->fd));
	EXPECT_EQ(6, status_pages("VmPin"));
}

/*
 * The limit. Both processes are of one user, which has no capabilities.
 */
FIXTURE(limit)
{
	int fd;
	__u32 ioas;
	struct mock_device dev;
	int file;
};

FIXTURE_VARIANT(limit)
{
	bool process;
	const char *counter;
};

FIXTURE_VARIANT_ADD(limit, user)
{
	.process = false,
	.counter = "VmPin",
};

FIXTURE_VARIANT_ADD(limit, process)
{
	.process = true,
	.counter = "VmLck",
};

FIXTURE_SETUP(limit)
{
	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, option_set(self->fd, IOMMU_OPTION_RLIMIT_MODE, 0,
				variant->process));
	self->file = file_create(MEMFD, 2 * FILE_PAGES * page_size);
	ASSERT_LE(0, self->file);
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->ioas));
	ASSERT_EQ(0, mock_device(self->fd, self->ioas, &self->dev));
}

FIXTURE_TEARDOWN(limit)
{
	EXPECT_EQ(0, close(self->fd));
	EXPECT_EQ(0, status_pages("VmPin"));
	EXPECT_EQ(0, status_pages("VmLck"));
}

static int map_pages(int fd, __u32 ioas, int file, int pages)
{
	return ioas_map_file(fd, ioas, file, 0, pages * page_size, IOVA);
}

/* Take over by a process that may lock @limit pages; its counter is @counter */
static int take_over_with_limit(int fd, long limit, long pages,
				const char *counter)
{
	pid_t pid = fork();
	int rc;

	if (pid)
		return exit_code(pid);
	if (set_limit(limit))
		_exit(errno);
	if (!geteuid() && become(NOBODY))
		_exit(errno);
	rc = take_over(fd, pages);
	if (!rc && status_pages(counter) != pages)
		rc = CHARGED_OTHER;
	_exit(rc);
}

TEST_F(limit, limit_of_files_is_exact)
{
	ASSERT_EQ(0, set_limit(FILE_PAGES));
	ASSERT_EQ(0, become(NOBODY));
	EXPECT_EQ(-ENOMEM, map_pages(self->fd, self->ioas, self->file,
				     FILE_PAGES + 1));
	EXPECT_EQ(0, status_pages(variant->counter));
	ASSERT_EQ(0, map_pages(self->fd, self->ioas, self->file, FILE_PAGES));
	EXPECT_EQ(FILE_PAGES, status_pages(variant->counter));
	EXPECT_EQ(-ENOMEM, ioas_map_file(self->fd, self->ioas, self->file, 0,
					 page_size, 2 * IOVA));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA,
				FILE_PAGES * page_size));
	EXPECT_EQ(0, status_pages(variant->counter));
	EXPECT_EQ(0, map_pages(self->fd, self->ioas, self->file, FILE_PAGES));
}

TEST_F(limit, new_process_may_have_its_whole_limit)
{
	ASSERT_EQ(0, set_limit(FILE_PAGES));
	ASSERT_EQ(0, become(NOBODY));
	ASSERT_EQ(0, map_pages(self->fd, self->ioas, self->file, FILE_PAGES));
	EXPECT_EQ(0, take_over_with_limit(self->fd, FILE_PAGES, FILE_PAGES,
					  variant->counter));
	EXPECT_EQ(0, status_pages(variant->counter));
	/* all of it is given back once */
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA,
				FILE_PAGES * page_size));
	EXPECT_EQ(0, map_pages(self->fd, self->ioas, self->file, FILE_PAGES));
	EXPECT_EQ(FILE_PAGES, status_pages(variant->counter));
}

TEST_F(limit, over_the_limit_of_the_new_process_nothing_changes)
{
	ASSERT_EQ(0, set_limit(FILE_PAGES));
	ASSERT_EQ(0, become(NOBODY));
	ASSERT_EQ(0, map_pages(self->fd, self->ioas, self->file, FILE_PAGES));
	EXPECT_EQ(ENOMEM, take_over_with_limit(self->fd, FILE_PAGES - 1, 0,
					       variant->counter));
	EXPECT_EQ(FILE_PAGES, status_pages("VmPin"));
	EXPECT_EQ(FILE_PAGES, status_pages(variant->counter));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA,
				FILE_PAGES * page_size));
	EXPECT_EQ(0, status_pages(variant->counter));
	EXPECT_EQ(0, map_pages(self->fd, self->ioas, self->file, FILE_PAGES));
	EXPECT_EQ(FILE_PAGES, status_pages(variant->counter));
}

/* From a process that may lock anything to one that may not, and back */
TEST_F(limit, capability_of_the_new_process_decides)
{
	ASSERT_EQ(0, set_limit(0));
	ASSERT_EQ(0, map_pages(self->fd, self->ioas, self->file, FILE_PAGES));
	EXPECT_EQ(0, status_pages("VmLck"));
	EXPECT_EQ(ENOMEM, take_over_with_limit(self->fd, 0, 0,
					       variant->counter));
	EXPECT_EQ(FILE_PAGES, status_pages("VmPin"));
	ASSERT_EQ(0, set_limit(2 * FILE_PAGES));
	EXPECT_EQ(0, take_over_with_limit(self->fd, FILE_PAGES, FILE_PAGES,
					  variant->counter));
	EXPECT_EQ(0, status_pages("VmPin"));
	ASSERT_EQ(0, set_limit(0));
	EXPECT_EQ(0, ioas_change_process(self->fd));
	EXPECT_EQ(FILE_PAGES, status_pages("VmPin"));
	EXPECT_EQ(0, status_pages("VmLck"));
}

/* A process that lowers its rights pays from its limit when it says so */
TEST_F(limit, process_without_its_capability_pays_anew)
{
	ASSERT_EQ(0, map_pages(self->fd, self->ioas, self->file, FILE_PAGES));
	ASSERT_EQ(0, set_limit(FILE_PAGES));
	ASSERT_EQ(0, become(NOBODY));
	EXPECT_EQ(0, status_pages("VmLck"));
	ASSERT_EQ(0, ioas_change_process(self->fd));
	EXPECT_EQ(FILE_PAGES, status_pages("VmPin"));
	EXPECT_EQ(variant->process ? FILE_PAGES : 0, status_pages("VmLck"));
	EXPECT_EQ(-ENOMEM, ioas_map_file(self->fd, self->ioas, self->file, 0,
					 page_size, 2 * IOVA));
	ASSERT_EQ(0, ioas_unmap(self->fd, self->ioas, IOVA,
				FILE_PAGES * page_size));
	EXPECT_EQ(0, status_pages("VmPin"));
	EXPECT_EQ(0, status_pages("VmLck"));
}

TEST_HARNESS_MAIN
