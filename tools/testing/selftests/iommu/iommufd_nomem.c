// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every allocation that a command makes is made to fail once, by fault
 * injection: the command says ENOMEM, or does without, and leaves nothing
 * behind. Commands that take things away never fail.
 */
#include <stdio.h>

#include "mock.h"
#include "../kselftest_harness.h"

#define IOVA		((__u64)MOCK_APERTURE_START)
#define MEMORY_PAGES	256
#define NTH_MAX		5000

#define FAILSLAB	"/sys/kernel/debug/failslab/"

struct scene {
	int fd;
	__u32 ioas[2];
	struct mock_device dev;
	__u32 hwpt;
	__u8 *memory;
	size_t length;
	long page_size;
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

/* Return whether an allocation was made to fail, or -errno */
static int disarm(int fail_nth)
{
	char value[16] = {};

	if (pread(fail_nth, value, sizeof(value) - 1, 0) <= 0 ||
	    pwrite(fail_nth, "0", 1, 0) != 1)
		return -errno;
	return !atoi(value);
}

/* What is there before: two IOASes, of which the first has all mappings */
static int prepare(struct scene *s)
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

static int prepare_attached(struct scene *s)
{
	return prepare(s) ?: mock_device(s->fd, s->ioas[0], &s->dev);
}

static int prepare_two_attached(struct scene *s)
{
	struct mock_device other;

	return prepare_attached(s) ?: mock_device(s->fd, s->ioas[1], &other);
}

static int prepare_two_tables(struct scene *s)
{
	return prepare_attached(s) ?:
	       hwpt_alloc(s->fd, s->dev.idev, s->ioas[0], 0, &s->hwpt);
}

static int prepare_copies(struct scene *s)
{
	return prepare_two_attached(s) ?:
	       ioas_copy_fixed(s->fd, s->ioas[1], s->ioas[0], s->page_size,
			       IOVA, IOVA + s->page_size);
}

static int do_open(struct scene *s)
{
	int fd = iommu_open();

	if (fd < 0)
		return -errno;
	return close(fd) ? -errno : 0;
}

static int do_ioas_alloc(struct scene *s)
{
	__u32 ioas;

	return ioas_alloc(s->fd, &ioas);
}

static int do_map(struct scene *s)
{
	return ioas_map_fixed(s->fd, s->ioas[0], s->memory, s->length,
			      IOVA + 2 * s->length);
}

static int do_attach(struct scene *s)
{
	return mock_device(s->fd, s->ioas[0], &s->dev);
}

static int do_hwpt_alloc(struct scene *s)
{
	return hwpt_alloc(s->fd, s->dev.idev, s->ioas[0], 0, &s->hwpt);
}

static int do_replace(struct scene *s)
{
	return mock_replace(s->fd, s->dev.stdev, s->ioas[1], NULL);
}

static int do_copy(struct scene *s)
{
	return ioas_copy_fixed(s->fd, s->ioas[1], s->ioas[0], s->length / 2,
			       IOVA, IOVA);
}

static int do_copy_back(struct scene *s)
{
	return ioas_copy_fixed(s->fd, s->ioas[0], s->ioas[1], s->page_size,
			       IOVA + 4 * s->length, IOVA);
}

static int do_allow_iovas(struct scene *s)
{
	struct iommu_iova_range range[] = {
		{ IOVA, IOVA + 0xffff },
		{ 2 * IOVA, 2 * IOVA + 0xffff },
	};

	return ioas_allow_iovas(s->fd, s->ioas[0], range, 2);
}

static int do_unmap(struct scene *s)
{
	return ioas_unmap(s->fd, s->ioas[0], IOVA, s->length / 2);
}

static int do_destroy_device(struct scene *s)
{
	return iommu_destroy(s->fd, s->dev.stdev);
}

static int do_destroy_hwpt(struct scene *s)
{
	return iommu_destroy(s->fd, s->hwpt);
}

static int do_destroy_ioas(struct scene *s)
{
	return iommu_destroy(s->fd, s->ioas[0]);
}

static int do_close(struct scene *s)
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

FIXTURE_VARIANT_ADD(nomem, open)
{
	.prepare = prepare,
	.command = do_open,
};

FIXTURE_VARIANT_ADD(nomem, ioas_alloc)
{
	.prepare = prepare,
	.command = do_ioas_alloc,
};

FIXTURE_VARIANT_ADD(nomem, map)
{
	.prepare = prepare_attached,
	.command = do_map,
};

FIXTURE_VARIANT_ADD(nomem, map_in_two_tables)
{
	.prepare = prepare_two_tables,
	.command = do_map,
};

FIXTURE_VARIANT_ADD(nomem, attach)
{
	.prepare = prepare,
	.command = do_attach,
};

FIXTURE_VARIANT_ADD(nomem, hwpt_alloc)
{
	.prepare = prepare_attached,
	.command = do_hwpt_alloc,
};

FIXTURE_VARIANT_ADD(nomem, replace)
{
	.prepare = prepare_attached,
	.command = do_replace,
};

FIXTURE_VARIANT_ADD(nomem, copy)
{
	.prepare = prepare_two_attached,
	.command = do_copy,
};

FIXTURE_VARIANT_ADD(nomem, copy_of_a_copy)
{
	.prepare = prepare_copies,
	.command = do_copy_back,
};

FIXTURE_VARIANT_ADD(nomem, allow_iovas)
{
	.prepare = prepare_attached,
	.command = do_allow_iovas,
};

FIXTURE_VARIANT_ADD(nomem, unmap)
{
	.prepare = prepare_attached,
	.command = do_unmap,
	.never_fails = true,
};

FIXTURE_VARIANT_ADD(nomem, unmap_of_two_tables)
{
	.prepare = prepare_two_tables,
	.command = do_unmap,
	.never_fails = true,
};

FIXTURE_VARIANT_ADD(nomem, unmap_of_shared_memory)
{
	.prepare = prepare_copies,
	.command = do_unmap,
	.never_fails = true,
};

FIXTURE_VARIANT_ADD(nomem, destroy_device)
{
	.prepare = prepare_two_tables,
	.command = do_destroy_device,
	.never_fails = true,
};

FIXTURE_VARIANT_ADD(nomem, destroy_hwpt)
{
	.prepare = prepare_two_tables,
	.command = do_destroy_hwpt,
	.never_fails = true,
};

FIXTURE_VARIANT_ADD(nomem, destroy_ioas)
{
	.prepare = prepare,
	.command = do_destroy_ioas,
	.never_fails = true,
};

FIXTURE_VARIANT_ADD(nomem, close)
{
	.prepare = prepare_copies,
	.command = do_close,
	.never_fails = true,
};

FIXTURE_SETUP(nomem)
{
	struct scene *s = &self->scene;

	s->page_size = sysconf(_SC_PAGESIZE);
	s->length = MEMORY_PAGES * s->page_size;
	s->memory = memory_map(s->length);
	ASSERT_NE(NULL, s->memory);
	/* also allocations that may sleep; and no stack trace for each */
	ASSERT_EQ(0, write_string(FAILSLAB "ignore-gfp-wait", "N"));
	ASSERT_EQ(0, write_string(FAILSLAB "verbose", "0"));
	self->fail_nth = open("/proc/thread-self/fail-nth", O_RDWR);
	ASSERT_LE(0, self->fail_nth);
}

FIXTURE_TEARDOWN(nomem)
{
	EXPECT_EQ(0, write_string(FAILSLAB "ignore-gfp-wait", "Y"));
}

static bool is_promised(int rc, bool never_fails)
{
	return !rc || (rc == -ENOMEM && !never_fails);
}

/*
 * If the n-th allocation fails the command fails cleanly: it can be given again
 * and then succeeds, and in the end no page is left pinned.
 */
TEST_F_TIMEOUT(nomem, failed_allocation_leaves_nothing_behind, 300)
{
	struct scene *s = &self->scene;
	unsigned int nth, failures = 0;
	int injected = 1;

	for (nth = 1; injected && nth < NTH_MAX; nth++) {
		int rc;

		ASSERT_EQ(0, variant->prepare(s));
		ASSERT_EQ(0, arm(self->fail_nth, nth));
		rc = variant->command(s);
		injected = disarm(self->fail_nth);
		ASSERT_LE(0, injected);
		EXPECT_TRUE(is_promised(rc, variant->never_fails)) {
			TH_LOG("allocation %u failed: result %d", nth, rc);
		}
		if (rc) {
			failures++;
			EXPECT_EQ(0, variant->command(s)) {
				TH_LOG("not after allocation %u failed", nth);
			}
		}
		if (s->fd >= 0)
			ASSERT_EQ(0, close(s->fd));
		s->fd = iommu_open();
		ASSERT_EQ(0, mock_check_pins(s->fd, s->memory, s->length, 0)) {
			TH_LOG("pins left after allocation %u failed", nth);
		}
		ASSERT_EQ(0, close(s->fd));
	}
	/* all of them were tried, and the injection works */
	EXPECT_FALSE(injected);
	if (!variant->never_fails)
		EXPECT_LT(0, failures);
}

TEST_HARNESS_MAIN
