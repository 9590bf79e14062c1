/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every allocation that a command makes, of slab objects and of pages, is made to
 * fail once, by fault injection: the command says ENOMEM, or does without, and
 * leaves nothing behind. Commands that take things away never fail. On a kernel
 * that checks itself with kmemleak, where a few rounds take a second, it is some
 * allocations from the first to the last.
 *
 * A program includes this, and adds variants: a scene to prepare, and the
 * command that is given in it.
 */
#ifndef __NOMEM_H
#define __NOMEM_H

#include <stdio.h>

#include "mdev_device.h"
#include "mock.h"
#include "harness.h"
#include "slow_kernel.h"

#define IOVA		((__u64)MOCK_APERTURE_START)
#define MEMORY_PAGES	256
#define BAR_SIZE	0x2000
#define NTH_MAX		5000
/* How many are tried on a slow kernel, about */
#define TRIES_SLOW	12

#define FAILSLAB	"/sys/kernel/debug/failslab/"
#define FAIL_PAGE	"/sys/kernel/debug/fail_page_alloc/"

struct scene {
	int fd;
	__u32 ioas[2];
	struct mock_device dev;
	__u32 hwpt;
	__u32 nested;
	__u32 viommu;
	struct mdev mdev;
	int mdev_fd;
	int access;		/* of the mock, or -1 */
	__u32 item;
	__u8 *memory;
	__u8 *buffer;		/* as long as the memory */
	size_t length;
	long page_size;
	int file;
	__u8 *file_memory;
	int dmabuf;		/* device memory of the mock, or -1 */
	__u32 memory_id;	/* registered memory */
	int group;		/* of VFIO, or -1 */
	int device;		/* of PCI, or -1 */
	void *bar;		/* its memory, mapped, or NULL */
};

static int write_string(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY);
	int rc;

	if (fd < 0)
		return -errno;
	rc = write(fd, value, strlen(value)) < 0 ? -errno : 0;
	close(fd);
	return rc;
}

/*
 * The file is open before: opening it could be what fails. It counts down, in
 * the task that opened it, and is 0 once an allocation was made to fail.
 */
static int arm(int fail_nth, unsigned int nth)
{
	char value[16];
	int len = snprintf(value, sizeof(value), "%u", nth);

	return pwrite(fail_nth, value, len, 0) == len ? 0 : -errno;
}

/* Return what is left to be counted down: 0 if an allocation failed; or -errno */
static int disarm(int fail_nth)
{
	char value[16] = {};

	if (pread(fail_nth, value, sizeof(value) - 1, 0) <= 0 ||
	    pwrite(fail_nth, "0", 1, 0) != 1)
		return -errno;
	return atoi(value);
}

/* What is there before: two IOASes, of which the first has all mappings */
static inline int prepare(struct scene *s)
{
	int rc;

	s->fd = iommu_open();
	if (s->fd < 0)
		return -errno;
	rc = ioas_alloc(s->fd, &s->ioas[0]) ?: ioas_alloc(s->fd, &s->ioas[1]);
	/* two mappings, so that one of them can be done when the other fails */
	return rc ?: ioas_map_fixed(s->fd, s->ioas[0], s->memory,
				    s->length / 2, IOVA) ?:
		     ioas_map_fixed(s->fd, s->ioas[0],
				    s->memory + s->length / 2, s->length / 2,
				    IOVA + s->length);
}

static inline int prepare_attached(struct scene *s)
{
	return prepare(s) ?: mock_device(s->fd, s->ioas[0], &s->dev);
}

static inline int prepare_two_attached(struct scene *s)
{
	struct mock_device other;

	return prepare_attached(s) ?: mock_device(s->fd, s->ioas[1], &other);
}

static inline int prepare_two_tables(struct scene *s)
{
	return prepare_attached(s) ?:
	       hwpt_alloc(s->fd, s->dev.idev, s->ioas[0], 0, &s->hwpt);
}

static inline int do_map(struct scene *s)
{
	return ioas_map_fixed(s->fd, s->ioas[0], s->memory, s->length,
			      IOVA + 2 * s->length);
}

static inline int do_attach(struct scene *s)
{
	return mock_device(s->fd, s->ioas[0], &s->dev);
}

static inline int do_copy(struct scene *s)
{
	return ioas_copy_fixed(s->fd, s->ioas[1], s->ioas[0], s->length / 2,
			       IOVA, IOVA);
}

static inline int do_unmap(struct scene *s)
{
	return ioas_unmap(s->fd, s->ioas[0], IOVA, s->length / 2);
}

static inline int do_destroy_device(struct scene *s)
{
	return iommu_destroy(s->fd, s->dev.stdev);
}

static inline int do_get_hw_info(struct scene *s)
{
	__u8 data[64];
	struct iommu_hw_info cmd = {
		.size = sizeof(cmd),
		.dev_id = s->dev.idev,
		.data_len = sizeof(data),
		.data_uptr = (uintptr_t)data,
	};

	return iommu_ioctl(s->fd, IOMMU_GET_HW_INFO, &cmd);
}

/* The device was bound with the cookie 5 */
static inline int do_get_info(struct scene *s)
{
	struct iommu_format_info formats[8];
	struct iommu_iova_range ranges[8];
	struct iommu_device_get_info cmd = {
		.size = sizeof(cmd),
		.dev_cookie = 5,
		.format_len = sizeof(formats[0]),
		.num_formats = 8,
		.num_ranges = 8,
		.formats = (uintptr_t)formats,
		.ranges = (uintptr_t)ranges,
	};

	return iommu_ioctl(s->fd, IOMMU_DEVICE_GET_INFO, &cmd);
}

static inline int do_close(struct scene *s)
{
	int fd = s->fd;

	s->fd = -1;
	return close(fd) ? -errno : 0;
}

FIXTURE(nomem)
{
	struct scene scene;
	int fail_nth;
};

FIXTURE_VARIANT(nomem)
{
	int (*prepare)(struct scene *s);
	int (*command)(struct scene *s);
	bool never_fails;
};

FIXTURE_SETUP(nomem)
{
	struct scene *s = &self->scene;

	s->mdev_fd = -1;
	s->access = -1;
	s->dmabuf = -1;
	s->group = -1;
	s->device = -1;
	s->page_size = sysconf(_SC_PAGESIZE);
	s->length = MEMORY_PAGES * s->page_size;
	s->memory = memory_map(s->length);
	ASSERT_NE(NULL, s->memory);
	s->buffer = memory_map(s->length);
	ASSERT_NE(NULL, s->buffer);
	s->file = memfd_create("iommufd", MFD_CLOEXEC);
	ASSERT_LE(0, s->file);
	ASSERT_EQ(0, ftruncate(s->file, s->length));
	s->file_memory = mmap(NULL, s->length, PROT_READ | PROT_WRITE,
			      MAP_SHARED, s->file, 0);
	ASSERT_NE(MAP_FAILED, s->file_memory);
	/* also allocations that may sleep; and no stack trace for each */
	ASSERT_EQ(0, write_string(FAILSLAB "ignore-gfp-wait", "N"));
	ASSERT_EQ(0, write_string(FAILSLAB "verbose", "0"));
	ASSERT_EQ(0, write_string(FAIL_PAGE "ignore-gfp-wait", "N"));
	ASSERT_EQ(0, write_string(FAIL_PAGE "min-order", "0"));
	ASSERT_EQ(0, write_string(FAIL_PAGE "verbose", "0"));
	self->fail_nth = open("/proc/thread-self/fail-nth", O_RDWR);
	ASSERT_LE(0, self->fail_nth);
}

FIXTURE_TEARDOWN(nomem)
{
	EXPECT_EQ(0, write_string(FAILSLAB "ignore-gfp-wait", "Y"));
	EXPECT_EQ(0, write_string(FAIL_PAGE "ignore-gfp-wait", "Y"));
	EXPECT_EQ(0, write_string(FAIL_PAGE "min-order", "1"));
	if (self->scene.mdev.path[0])
		EXPECT_EQ(0, mdev_remove(&self->scene.mdev));
}

static int close_if_open(int *fd)
{
	int rc = *fd < 0 ? 0 : close(*fd);

	*fd = -1;
	return rc;
}

static bool is_promised(int rc, bool never_fails)
{
	return !rc || (rc == -ENOMEM && !never_fails);
}

static int close_scene(struct scene *s)
{
	/* A mapping keeps the device, which keeps the rest */
	if (s->bar)
		munmap(s->bar, BAR_SIZE);
	s->bar = NULL;
	return close_if_open(&s->group) ?: close_if_open(&s->mdev_fd) ?:
	       close_if_open(&s->access) ?: close_if_open(&s->dmabuf) ?:
	       close_if_open(&s->device) ?: close_if_open(&s->fd);
}

/* How many allocations a command makes, or -errno */
static int count_allocations(struct scene *s, int fail_nth,
			     int (*prepare)(struct scene *s),
			     int (*command)(struct scene *s))
{
	int left, rc = prepare(s) ?: arm(fail_nth, NTH_MAX);

	if (rc)
		return rc;
	rc = command(s);
	left = disarm(fail_nth);
	if (left < 0)
		return left;
	return rc ?: close_scene(s) ?: NTH_MAX - left;
}

/*
 * If the n-th allocation fails the command fails cleanly: it can be given again
 * and then succeeds, and in the end no page is left pinned.
 */
TEST_F_TIMEOUT(nomem, failed_allocation_leaves_nothing_behind, 300)
{
	struct scene *s = &self->scene;
	unsigned int nth, step = 1, failures = 0;
	int left = 0, total;

	total = count_allocations(s, self->fail_nth, variant->prepare,
				  variant->command);
	ASSERT_LE(0, total);
	ASSERT_GT(NTH_MAX, total);
	if (is_slow_kernel())
		step += total / TRIES_SLOW;
	for (nth = 1; !left && nth < NTH_MAX; nth += step) {
		int rc;

		ASSERT_EQ(0, variant->prepare(s));
		ASSERT_EQ(0, arm(self->fail_nth, nth));
		rc = variant->command(s);
		left = disarm(self->fail_nth);
		ASSERT_LE(0, left);
		EXPECT_TRUE(is_promised(rc, variant->never_fails)) {
			TH_LOG("allocation %u failed: result %d", nth, rc);
		}
		if (rc) {
			failures++;
			EXPECT_EQ(0, variant->command(s)) {
				TH_LOG("not after allocation %u failed", nth);
			}
		}
		ASSERT_EQ(0, close_scene(s));
		s->fd = iommu_open();
		ASSERT_EQ(0, mock_check_pins(s->fd, s->memory, s->length, 0)) {
			TH_LOG("pins left after allocation %u failed", nth);
		}
		ASSERT_EQ(0, mock_check_pins(s->fd, s->file_memory, s->length,
					     0)) {
			TH_LOG("file pinned after allocation %u failed", nth);
		}
		ASSERT_EQ(0, close(s->fd));
	}
	/* all of them were tried, and the injection works */
	EXPECT_LT(0, left);
	if (!variant->never_fails)
		EXPECT_LT(0, failures);
}

#endif
