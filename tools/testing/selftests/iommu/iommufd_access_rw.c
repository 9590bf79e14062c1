// SPDX-License-Identifier: GPL-2.0-only
/*
 * Users of an IOAS inside the kernel: what they read and write by IOVA, also of
 * a process that is another one or gone.
 */
#include "access_fixture.h"

/*
 * Read and write
 */

static const __u32 paths[] = { 0, MOCK_ACCESS_SLOW };

/* Lengths and offsets around what a page is */
struct part {
	size_t from;
	size_t length;
};

static size_t parts(struct part *part)
{
	const size_t from[] = {
		0, 1, page_size - 100, page_size - 1, page_size,
		page_size + 7, 2 * page_size - 2,
	};
	const size_t length[] = {
		1, 2, 99, page_size - 1, page_size, page_size + 1,
		2 * page_size, 3 * page_size + 5,
	};
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(from); i++)
		for (size_t j = 0; j < ARRAY_SIZE(length); j++)
			part[n++] = (struct part){ from[i], length[j] };
	return n;
}

#define MAX_PARTS	56

TEST_F(access, read_is_exact_to_the_byte)
{
	__u8 *buffer = memory_map(MEMORY_SIZE);
	struct part part[MAX_PARTS];
	size_t n = parts(part);

	ASSERT_NE(NULL, buffer);
	for (size_t i = 0; i < 2 * n; i++) {
		size_t length = part[i / 2].length;
		size_t from = part[i / 2].from;

		memset(buffer, 0xee, MEMORY_SIZE);
		ASSERT_EQ(0, mock_access_rw(self->fd, self->rw, IOVA + from,
					    buffer + 1, length, paths[i % 2]));
		ASSERT_EQ(0, memcmp(self->memory + from, buffer + 1, length));
		ASSERT_EQ(0xee, buffer[0]);
		ASSERT_EQ(0xee, buffer[1 + length]);
	}
}

TEST_F(access, write_is_exact_to_the_byte)
{
	__u8 *expected = memory_map(MEMORY_SIZE);
	__u8 *data = memory_map(MEMORY_SIZE);
	struct part part[MAX_PARTS];
	size_t n = parts(part);

	ASSERT_NE(NULL, expected);
	ASSERT_NE(NULL, data);
	memcpy(expected, self->memory, MEMORY_SIZE);
	for (size_t i = 0; i < 2 * n; i++) {
		size_t length = part[i / 2].length;
		size_t from = part[i / 2].from;

		memset(data, i + 1, length);
		memcpy(expected + from, data, length);
		ASSERT_EQ(0, mock_access_rw(self->fd, self->rw, IOVA + from,
					    data, length,
					    paths[i % 2] | MOCK_ACCESS_WRITE));
		ASSERT_EQ(0, memcmp(expected, self->memory, MEMORY_SIZE));
	}
}

TEST_F(access, pinning_access_reads_and_writes_too)
{
	__u8 byte = 0x99;

	ASSERT_EQ(0, mock_access_rw(self->fd, self->access, IOVA + 5, &byte, 1,
				    MOCK_ACCESS_WRITE));
	EXPECT_EQ(0x99, self->memory[5]);
	ASSERT_EQ(0, mock_access_rw(self->fd, self->access, IOVA + 6, &byte, 1,
				    0));
	EXPECT_EQ(self->memory[6], byte);
}

TEST_F(access, read_and_write_pin_and_charge_nothing)
{
	__u8 *buffer = memory_map(MEMORY_SIZE);

	ASSERT_NE(NULL, buffer);
	for (int path = 0; path < 2; path++) {
		ASSERT_EQ(0, mock_access_rw(self->fd, self->rw, IOVA, buffer,
					    MEMORY_SIZE, paths[path]));
		ASSERT_EQ(0, mock_access_rw(self->fd, self->rw, IOVA, buffer,
					    MEMORY_SIZE,
					    paths[path] | MOCK_ACCESS_WRITE));
	}
	EXPECT_PINS(0, MEMORY_PAGES, 0);
	EXPECT_PINNED(0);
}

TEST_F(access, read_of_no_range_fails)
{
	__u8 bytes[2];

	EXPECT_EQ(-EINVAL,
		  mock_access_rw(self->fd, self->rw, IOVA, bytes, 0, 0));
	EXPECT_EQ(-EOVERFLOW,
		  mock_access_rw(self->fd, self->rw, UINT64_MAX, bytes, 2, 0));
}

TEST_F(access, read_and_write_of_a_hole_fail)
{
	__u64 end = IOVA + MEMORY_SIZE;
	__u8 bytes[2] = {};

	for (int write = 0; write < 2; write++) {
		__u32 flags = write ? MOCK_ACCESS_WRITE : 0;

		EXPECT_EQ(-ENOENT, mock_access_rw(self->fd, self->rw, end,
						  bytes, 1, flags));
		EXPECT_EQ(-ENOENT, mock_access_rw(self->fd, self->rw, end - 1,
						  bytes, 2, flags));
		EXPECT_EQ(-ENOENT, mock_access_rw(self->fd, self->rw, IOVA - 1,
						  bytes, 2, flags));
		EXPECT_EQ(-ENOENT, mock_access_rw(self->fd, self->rw, 0, bytes,
						  1, flags));
		EXPECT_EQ(-ENOENT, mock_access_rw(self->fd, self->rw,
						  UINT64_MAX, bytes, 1, flags));
	}
}

TEST_F(access, bad_buffer_is_told)
{
	void *nowhere = mmap(NULL, page_size, PROT_NONE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	EXPECT_EQ(-EFAULT,
		  mock_access_rw(self->fd, self->rw, IOVA, NULL, 1, 0));
	EXPECT_EQ(-EFAULT,
		  mock_access_rw(self->fd, self->rw, IOVA, nowhere, 1, 0));
	EXPECT_EQ(-EFAULT, mock_access_rw(self->fd, self->rw, IOVA, nowhere, 1,
					  MOCK_ACCESS_WRITE));
	EXPECT_EQ(-EFAULT, mock_access_rw(self->fd, self->rw, IOVA, nowhere - 1,
					  2, MOCK_ACCESS_WRITE));
	munmap(nowhere, page_size);
}

TEST_F(access, read_and_write_need_the_permission_of_the_mapping)
{
	__u64 read_only = IOVA + 2 * MEMORY_SIZE;
	__u64 write_only = IOVA + 3 * MEMORY_SIZE;
	__u8 byte = 0;

	ASSERT_EQ(0, ioas_map_flags(self->fd, self->ioas, self->memory,
				    page_size, &read_only,
				    IOMMU_IOAS_MAP_FIXED_IOVA |
					    IOMMU_IOAS_MAP_READABLE));
	ASSERT_EQ(0, ioas_map_flags(self->fd, self->ioas, self->memory,
				    page_size, &write_only,
				    IOMMU_IOAS_MAP_FIXED_IOVA |
					    IOMMU_IOAS_MAP_WRITEABLE));
	EXPECT_EQ(-EPERM, mock_access_rw(self->fd, self->rw, read_only, &byte,
					 1, MOCK_ACCESS_WRITE));
	EXPECT_EQ(0,
		  mock_access_rw(self->fd, self->rw, read_only, &byte, 1, 0));
	EXPECT_EQ(-EPERM,
		  mock_access_rw(self->fd, self->rw, write_only, &byte, 1, 0));
	EXPECT_EQ(0, mock_access_rw(self->fd, self->rw, write_only, &byte, 1,
				    MOCK_ACCESS_WRITE));
}

TEST_F(access, write_respects_what_the_process_may)
{
	__u8 *memory = memory_map(page_size);
	__u8 byte = 1;
	__u32 ioas;
	int rw;

	ASSERT_NE(NULL, memory);
	ASSERT_EQ(0, mprotect(memory, page_size, PROT_READ));
	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	ASSERT_EQ(0, access_create(self->fd, ioas, 0, &rw));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, ioas, memory, page_size, IOVA));
	for (int path = 0; path < 2; path++) {
		EXPECT_EQ(-EFAULT,
			  mock_access_rw(self->fd, rw, IOVA, &byte, 1,
					 paths[path] | MOCK_ACCESS_WRITE));
		EXPECT_EQ(0, mock_access_rw(self->fd, rw, IOVA, &byte, 1,
					    paths[path]));
		EXPECT_EQ(0, byte);
	}
	EXPECT_EQ(0, memory[0]);
	close(rw);
}

TEST_F(access, read_without_memory_fails)
{
	__u8 *memory = memory_map(2 * page_size);
	__u8 bytes[2] = {};
	__u32 ioas;
	int rw;

	ASSERT_NE(NULL, memory);
	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	ASSERT_EQ(0, access_create(self->fd, ioas, 0, &rw));
	ASSERT_EQ(0,
		  ioas_map_fixed(self->fd, ioas, memory, 2 * page_size, IOVA));
	ASSERT_EQ(0, munmap(memory + page_size, page_size));
	for (int path = 0; path < 2; path++) {
		EXPECT_EQ(-EFAULT,
			  mock_access_rw(self->fd, rw, iova_of_page(1) - 1,
					 bytes, 2, paths[path]));
		EXPECT_EQ(-EFAULT,
			  mock_access_rw(self->fd, rw, iova_of_page(1) - 1,
					 bytes, 2,
					 paths[path] | MOCK_ACCESS_WRITE));
	}
	close(rw);
}

/* Mappings of some bytes each: neighbours in IOVA, not in memory */
TEST_F(access, read_and_write_go_across_mappings_of_any_size)
{
	static const struct {
		int at;
		int length;
		int from;
	} part[] = {
		{ 0, 3, 100 }, { 3, 1, 4095 }, { 4, 4099, 5001 },
		{ 4103, 2, 0 }, { 4105, 4096, 20000 },
	};
	__u64 iova = 12345;
	__u8 expected[8201], buffer[8201];
	__u32 ioas;
	int rw;

	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	ASSERT_EQ(0, access_create(self->fd, ioas, 0, &rw));
	for (size_t i = 0; i < 5; i++) {
		ASSERT_EQ(0, ioas_map_fixed(self->fd, ioas,
					    self->memory + part[i].from,
					    part[i].length, iova + part[i].at));
		memcpy(expected + part[i].at, self->memory + part[i].from,
		       part[i].length);
	}
	for (int path = 0; path < 2; path++) {
		memset(buffer, 0, sizeof(buffer));
		ASSERT_EQ(0, mock_access_rw(self->fd, rw, iova, buffer,
					    sizeof(buffer), paths[path]));
		EXPECT_EQ(0, memcmp(expected, buffer, sizeof(buffer)));
		for (size_t i = 0; i < sizeof(expected); i++)
			expected[i] ^= i + 1;
		ASSERT_EQ(0, mock_access_rw(self->fd, rw, iova, expected,
					    sizeof(expected),
					    paths[path] | MOCK_ACCESS_WRITE));
		for (size_t i = 0; i < 5; i++)
			EXPECT_EQ(0, memcmp(expected + part[i].at,
					    self->memory + part[i].from,
					    part[i].length));
		EXPECT_EQ(-ENOENT,
			  mock_access_rw(self->fd, rw, iova, buffer,
					 sizeof(buffer) + 1, paths[path]));
	}
	close(rw);
}

TEST_F(access, last_byte_of_64_bit_can_be_read_and_written)
{
	__u8 byte = 0x42;
	__u32 ioas;
	int rw;

	ASSERT_EQ(0, ioas_alloc(self->fd, &ioas));
	ASSERT_EQ(0, access_create(self->fd, ioas, 0, &rw));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, ioas, self->memory, page_size,
				    -(__u64)page_size));
	ASSERT_EQ(0, mock_access_rw(self->fd, rw, UINT64_MAX, &byte, 1,
				    MOCK_ACCESS_WRITE));
	EXPECT_EQ(0x42, self->memory[page_size - 1]);
	byte = 0;
	ASSERT_EQ(0, mock_access_rw(self->fd, rw, UINT64_MAX, &byte, 1, 0));
	EXPECT_EQ(0x42, byte);
	EXPECT_EQ(-EOVERFLOW,
		  mock_access_rw(self->fd, rw, UINT64_MAX, &byte, 2, 0));
	close(rw);
}

/*
 * Memory of another process
 */

/* A process that maps its own memory, at an address that we use, too */
FIXTURE(process)
{
	int fd;
	__u32 ioas;
	int access;
	int ask[2], answer[2];
	__u8 *memory;
	pid_t pid;
};

#define PROCESS_PAGES	4

/* Maps, then answers each question, a position, by the byte that is there */
static void be_process(int fd, __u32 ioas, __u8 *memory, int ask, int answer)
{
	int pos;

	memset(memory, 0xc0, PROCESS_PAGES * page_size);
	if (ioas_map_fixed(fd, ioas, memory, PROCESS_PAGES * page_size, IOVA) ||
	    write(answer, memory, 1) != 1)
		_exit(1);
	while (read(ask, &pos, sizeof(pos)) == sizeof(pos))
		if (write(answer, memory + pos, 1) != 1)
			_exit(1);
	_exit(0);
}

FIXTURE_SETUP(process)
{
	__u8 byte;

	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->ioas));
	ASSERT_EQ(0, access_create(self->fd, self->ioas, MOCK_ACCESS_PINS,
				   &self->access));
	self->memory = memory_map(PROCESS_PAGES * page_size);
	ASSERT_NE(NULL, self->memory);
	ASSERT_EQ(0, pipe(self->ask));
	ASSERT_EQ(0, pipe(self->answer));
	self->pid = fork();
	if (!self->pid) {
		close(self->ask[1]);
		be_process(self->fd, self->ioas, self->memory, self->ask[0],
			   self->answer[1]);
	}
	close(self->ask[0]);
	ASSERT_EQ(1, read(self->answer[0], &byte, 1));
	ASSERT_EQ(0xc0, byte);
}

static void end_process(int ask, pid_t pid)
{
	close(ask);
	waitpid(pid, NULL, 0);
}

FIXTURE_TEARDOWN(process)
{
	end_process(self->ask[1], self->pid);
	close(self->access);
	close(self->fd);
}

static int ask_process(int ask, int answer, int pos)
{
	__u8 byte;

	if (write(ask, &pos, sizeof(pos)) != sizeof(pos) ||
	    read(answer, &byte, 1) != 1)
		return -1;
	return byte;
}

TEST_F(process, its_memory_is_read_and_written_and_not_ours)
{
	__u8 byte = 0;

	for (int path = 0; path < 2; path++) {
		int pos = page_size - 1 + path;

		ASSERT_EQ(0, mock_access_rw(self->fd, self->access, IOVA + pos,
					    &byte, 1, paths[path]));
		EXPECT_EQ(0xc0, byte);
		byte = 0xd0 + path;
		ASSERT_EQ(0, mock_access_rw(self->fd, self->access, IOVA + pos,
					    &byte, 1,
					    paths[path] | MOCK_ACCESS_WRITE));
		EXPECT_EQ(0xd0 + path,
			  ask_process(self->ask[1], self->answer[0], pos));
		EXPECT_EQ(0, self->memory[pos]);
	}
}

TEST_F(process, its_pages_are_pinned_and_not_ours)
{
	EXPECT_EQ(-EBADE, mock_access_pin(self->fd, self->access, IOVA,
					  page_size, self->memory, 0, NULL));
	ASSERT_EQ(0,
		  mock_access_pin(self->fd, self->access, IOVA, 2 * page_size,
				  NULL, MOCK_ACCESS_WRITE, NULL));
	EXPECT_EQ(0, status_pages("VmPin"));
	EXPECT_EQ(2 * page_size, fdinfo_value(self->fd, "pinned-bytes"));
}

TEST_F(process, only_what_is_pinned_outlives_it)
{
	__u8 byte = 0xab;
	__u32 item;

	ASSERT_EQ(0,
		  mock_access_pin(self->fd, self->access, iova_of_page(1),
				  page_size, NULL, MOCK_ACCESS_WRITE, &item));
	end_process(self->ask[1], self->pid);
	self->ask[1] = -1;

	for (int path = 0; path < 2; path++) {
		EXPECT_EQ(-EFAULT, mock_access_rw(self->fd, self->access, IOVA,
						  &byte, 1, paths[path]));
		EXPECT_EQ(-EFAULT,
			  mock_access_rw(self->fd, self->access, IOVA, &byte, 1,
					 paths[path] | MOCK_ACCESS_WRITE));
	}
	EXPECT_EQ(-EFAULT, mock_access_pin(self->fd, self->access, IOVA,
					   2 * page_size, NULL, 0, NULL));
	ASSERT_EQ(0, mock_access_rw(self->fd, self->access, iova_of_page(1) + 1,
				    &byte, 1, MOCK_ACCESS_WRITE));
	byte = 0;
	ASSERT_EQ(0, mock_access_rw(self->fd, self->access, iova_of_page(1) + 1,
				    &byte, 1, 0));
	EXPECT_EQ(0xab, byte);
	/* pinned, so it can be pinned again */
	ASSERT_EQ(0, mock_access_pin(self->fd, self->access, iova_of_page(1), 1,
				     NULL, 0, NULL));
	EXPECT_EQ(page_size, fdinfo_value(self->fd, "pinned-bytes"));
	ASSERT_EQ(0, ioas_unmap_all(self->fd, self->ioas, NULL));
	EXPECT_EQ(-ENOENT, mock_access_unpin(self->fd, self->access, item));
	EXPECT_EQ(0, fdinfo_value(self->fd, "pinned-bytes"));
}

TEST_HARNESS_MAIN
