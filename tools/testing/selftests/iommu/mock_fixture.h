/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests with mock devices have in common: an IOAS, some memory, and what
 * the kernel says about memory that is pinned or charged. All is given back at
 * the end of a test.
 */
#ifndef __MOCK_FIXTURE_H
#define __MOCK_FIXTURE_H

#include <grp.h>

#include "mock.h"
#include "process_status.h"
#include "harness.h"

#define APERTURE_SIZE	(MOCK_APERTURE_LAST - MOCK_APERTURE_START + 1ULL)
#define IOVA		((__u64)MOCK_APERTURE_START)

/* A user without capabilities, and what he may lock */
#define NOBODY		65534

static inline int become(uid_t uid)
{
	return setgroups(0, NULL) || setgid(uid) || setuid(uid);
}

static inline int set_limit(rlim_t pages)
{
	struct rlimit limit = { pages * page_size, pages * page_size };

	return setrlimit(RLIMIT_MEMLOCK, &limit);
}

/*
 * Memory files
 */
#define HUGETLB_SIZE	0x200000UL

enum file_kind {
	MEMFD,
	MEMFD_HUGETLB,
	TMPFS,
	HUGETLBFS,
};

static inline bool is_huge(enum file_kind kind)
{
	return kind == MEMFD_HUGETLB || kind == HUGETLBFS;
}

/* A new file with nothing but holes; -1 on an error */
static inline int file_create(enum file_kind kind, size_t length)
{
	unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int file = -1;

	switch (kind) {
	case MEMFD:
		file = memfd_create("iommufd", flags);
		break;
	case MEMFD_HUGETLB:
		file = memfd_create("iommufd", flags | MFD_HUGETLB);
		break;
	case TMPFS:
		file = open("/dev/shm", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
		break;
	case HUGETLBFS:
		file = open("/dev/hugepages", O_TMPFILE | O_RDWR | O_CLOEXEC,
			    0600);
		break;
	}
	if (file >= 0 && ftruncate(file, length)) {
		close(file);
		return -1;
	}
	return file;
}

static inline void *file_mmap(int file, size_t length)
{
	void *p = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, file,
		       0);

	return p == MAP_FAILED ? NULL : p;
}

/* The value of a line of fdinfo, or -1 */
static inline long long fdinfo_value(int fd, const char *name)
{
	char path[64], line[256], format[64];
	long long value = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	snprintf(format, sizeof(format), "iommu-%s:\t%%lld", name);
	f = fopen(path, "r");
	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f)) {
		int found = sscanf(line, format, &value);

		if (found == 1)
			break;
	}
	fclose(f);
	return value;
}

FIXTURE(mock)
{
	int fd;
	__u32 ioas;
	__u8 *memory;
};

#define MEMORY_PAGES	16

FIXTURE_SETUP(mock)
{
	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->ioas));
	self->memory = memory_map(MEMORY_PAGES * page_size);
	ASSERT_NE(NULL, self->memory);
}

FIXTURE_TEARDOWN(mock)
{
	EXPECT_EQ(0, close(self->fd));
	EXPECT_EQ(0, mock_memory_limit(iommu_open(),
				       MOCK_MEMORY_LIMIT_DEFAULT));
}

#endif
