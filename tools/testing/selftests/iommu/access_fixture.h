/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of accesses have in common: an IOAS with memory mapped and two
 * accesses, one that pins. All promises must hold whether or not a hardware
 * table has the pages, too.
 */
#ifndef __ACCESS_FIXTURE_H
#define __ACCESS_FIXTURE_H

#include "mock_fixture.h"

static inline int access_create(int fd, __u32 ioas, __u32 flags, int *access)
{
	*access = mock_access(fd, ioas, flags);
	return *access < 0 ? *access : 0;
}

FIXTURE(access)
{
	int fd;
	__u32 ioas;
	__u8 *memory;
	int access;		/* pins */
	int rw;			/* does not */
	struct mock_device dev;
};

FIXTURE_VARIANT(access)
{
	bool device;
};

FIXTURE_VARIANT_ADD(access, alone)
{
	.device = false,
};

FIXTURE_VARIANT_ADD(access, beside_a_device)
{
	.device = true,
};

#define MEMORY_SIZE	(MEMORY_PAGES * page_size)

FIXTURE_SETUP(access)
{
	self->fd = iommu_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ioas_alloc(self->fd, &self->ioas));
	ASSERT_EQ(0, access_create(self->fd, self->ioas, MOCK_ACCESS_PINS,
				   &self->access));
	ASSERT_EQ(0, access_create(self->fd, self->ioas, 0, &self->rw));
	self->memory = memory_map(MEMORY_SIZE);
	ASSERT_NE(NULL, self->memory);
	for (size_t i = 0; i < MEMORY_SIZE; i++)
		self->memory[i] = i * 31 + i / page_size;
	if (variant->device)
		ASSERT_EQ(0, mock_device(self->fd, self->ioas, &self->dev));
	ASSERT_EQ(0, ioas_map_fixed(self->fd, self->ioas, self->memory,
				    MEMORY_SIZE, IOVA));
}

/* Whatever a test did, nothing is left when its descriptors are closed */
FIXTURE_TEARDOWN(access)
{
	close(self->access);
	close(self->rw);
	close(self->fd);
	self->fd = iommu_open();
	EXPECT_EQ(0, mock_check_pins(self->fd, self->memory, MEMORY_SIZE, 0));
	EXPECT_EQ(0, status_pages("VmPin"));
	close(self->fd);
}

/* How many pages are pinned: a page that a device has is pinned anyway */
#define EXPECT_PINNED(_pages)                                              \
	EXPECT_EQ(variant->device ? MEMORY_PAGES : (_pages),               \
		  status_pages("VmPin"))

/* These pages are pinned once; or are not, but for a device */
#define EXPECT_PINS(_first, _pages, _pins)                                 \
	EXPECT_EQ(0, mock_check_pins(self->fd,                             \
				     self->memory + (_first) * page_size,  \
				     (_pages) * page_size,                 \
				     variant->device ? 1 : (_pins)))

static inline __u64 iova_of_page(int page)
{
	return IOVA + page * page_size;
}

/* A page at @va that has nothing of the one from before */
static inline void *new_page(void *va)
{
	return mmap(va, page_size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

#endif
