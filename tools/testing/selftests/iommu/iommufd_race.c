// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many at once: every thread does one kind of thing to the same two IOASes of
 * mock devices (CONFIG_IOMMUFD_TEST). All the time each command succeeds or fails
 * with an errno that the others explain, and at the end nothing is left.
 *
 * RACE_SECONDS in the environment is how long, 10 by default, or 60 on a kernel
 * with kmemleak, which is one that checks itself.
 */
#include <pthread.h>
#include <time.h>

#include "mock_fixture.h"
#include "slow_kernel.h"

#define SECONDS_DEFAULT		10
#define ID_FIRST		3	/* 1 and 2 are the IOASes */
#define ID_NUM			16
#define SECONDS_SLOW_KERNEL	60

/* How long a thread may wait for its first success after the others are done */
#define PATIENCE		60

struct member;

struct crowd {
	int fd;
	__u32 ioas[2];
	int access;		/* of one of them */
	__u8 *memory;
	time_t end;
	struct member *member;
	size_t members;
	bool ids_change;	/* what an ID names may be another object soon */
};

struct member {
	struct crowd *crowd;
	unsigned int seed;
	unsigned long successes;
	int unexpected;		/* an errno that cannot be explained */
};

static void note(struct member *m, int rc)
{
	if (!rc)
		m->successes++;
	/* others may have been faster, or have taken the IOVAs, or the ID */
	else if (rc != -ENOENT && rc != -EEXIST && rc != -EBUSY &&
		 rc != -EADDRINUSE && rc != -ENOSPC &&
		 !(rc == -EINVAL && m->crowd->ids_change))
		m->unexpected = rc;
}

/* Until the time is up and everybody had a success, but not for ever */
static bool crowd_goes_on(struct member *m)
{
	struct crowd *c = m->crowd;
	time_t now = time(NULL);

	if (now < c->end)
		return true;
	for (size_t i = 0; i < c->members; i++)
		if (!__atomic_load_n(&c->member[i].successes, __ATOMIC_RELAXED))
			return now < c->end + PATIENCE;
	return false;
}

static __u64 crowd_iova(struct member *m)
{
	return IOVA + rand_r(&m->seed) % 8 * MEMORY_PAGES * page_size;
}

static __u32 crowd_ioas(struct member *m)
{
	return m->crowd->ioas[rand_r(&m->seed) % 2];
}

static void *crowd_map(void *arg)
{
	struct member *m = arg;

	while (crowd_goes_on(m)) {
		size_t length = (1 + rand_r(&m->seed) % MEMORY_PAGES) *
				page_size;

		note(m, ioas_map_fixed(m->crowd->fd, crowd_ioas(m),
				       m->crowd->memory, length,
				       crowd_iova(m)));
	}
	return NULL;
}

static void *crowd_map_anywhere(void *arg)
{
	struct member *m = arg;
	__u64 iova;

	while (crowd_goes_on(m))
		note(m, ioas_map(m->crowd->fd, crowd_ioas(m), m->crowd->memory,
				 page_size, &iova));
	return NULL;
}

static void *crowd_unmap(void *arg)
{
	struct member *m = arg;

	while (crowd_goes_on(m))
		note(m, rand_r(&m->seed) % 16 ?
			ioas_unmap(m->crowd->fd, crowd_ioas(m), crowd_iova(m),
				   MEMORY_PAGES * page_size) :
			ioas_unmap_all(m->crowd->fd, crowd_ioas(m), NULL));
	return NULL;
}

static void *crowd_copy(void *arg)
{
	struct member *m = arg;

	while (crowd_goes_on(m))
		note(m, ioas_copy_fixed(m->crowd->fd, crowd_ioas(m),
					crowd_ioas(m), page_size, crowd_iova(m),
					crowd_iova(m)));
	return NULL;
}

static void *crowd_attach(void *arg)
{
	struct member *m = arg;
	struct mock_device dev;
	__u32 hwpt;
	int rc;

	while (crowd_goes_on(m)) {
		rc = mock_device(m->crowd->fd, crowd_ioas(m), &dev);
		note(m, rc);
		if (rc)
			continue;
		note(m, mock_replace(m->crowd->fd, dev.stdev, crowd_ioas(m),
				     NULL));
		rc = hwpt_alloc(m->crowd->fd, dev.idev, crowd_ioas(m), 0,
				&hwpt);
		note(m, rc);
		if (!rc) {
			note(m, mock_replace(m->crowd->fd, dev.stdev, hwpt,
					     NULL));
			note(m, mock_replace(m->crowd->fd, dev.stdev,
					     crowd_ioas(m), NULL));
			rc = iommu_destroy(m->crowd->fd, hwpt);
			note(m, rc);
		}
		note(m, iommu_destroy(m->crowd->fd, dev.stdev));
	}
	return NULL;
}

static void *crowd_ranges(void *arg)
{
	struct member *m = arg;
	int rc;

	while (crowd_goes_on(m)) {
		struct iommu_iova_range range[4];
		__u32 num = rand_r(&m->seed) % ARRAY_SIZE(range);

		rc = ioas_iova_ranges(m->crowd->fd, crowd_ioas(m), range, &num,
				      NULL);
		note(m, rc == -EMSGSIZE ? 0 : rc);
	}
	return NULL;
}

/* All that a mock device can use, or half of it */
static int allow(int fd, __u32 ioas, bool all)
{
	struct iommu_iova_range range = {
		.start = MOCK_APERTURE_START,
		.last = all ? MOCK_APERTURE_LAST : MOCK_APERTURE_LAST / 2,
	};

	return ioas_allow_iovas(fd, ioas, &range, 1);
}

static void *crowd_allow(void *arg)
{
	struct member *m = arg;

	while (crowd_goes_on(m))
		note(m, allow(m->crowd->fd, crowd_ioas(m),
			      rand_r(&m->seed) % 2));
	return NULL;
}

static void *crowd_pin(void *arg)
{
	struct member *m = arg;
	struct crowd *c = m->crowd;
	__u8 buffer[16];
	__u32 item;
	int rc;

	while (crowd_goes_on(m)) {
		__u32 write = rand_r(&m->seed) % 2 ? MOCK_ACCESS_WRITE : 0;
		__u64 length = 1 + rand_r(&m->seed) % (3 * page_size);
		__u64 iova = crowd_iova(m) + rand_r(&m->seed) % page_size;

		note(m, mock_access_rw(c->fd, c->access, iova, buffer,
				       sizeof(buffer), write));
		rc = mock_access_pin(c->fd, c->access, iova, length, NULL,
				     write, &item);
		note(m, rc);
		/* some stay, and are dropped by others */
		if (!rc && rand_r(&m->seed) % 4)
			note(m, mock_access_unpin(c->fd, c->access, item));
	}
	return NULL;
}

/* Move the access that others use, and let one of our own come and go */
static void *crowd_move_access(void *arg)
{
	struct member *m = arg;
	struct crowd *c = m->crowd;
	int access;

	while (crowd_goes_on(m)) {
		note(m, mock_access_replace(c->fd, c->access, crowd_ioas(m)));
		access = mock_access(c->fd, crowd_ioas(m), rand_r(&m->seed) % 2);
		note(m, access < 0 ? access : 0);
		if (access < 0)
			continue;
		/* maybe it cannot pin */
		mock_access_pin(c->fd, access, crowd_iova(m), page_size, NULL,
				0, NULL);
		if (rand_r(&m->seed) % 2)
			note(m, mock_access_replace(c->fd, access, 0));
		close(access);
	}
	return NULL;
}

static void *crowd_guess_ids(void *arg)
{
	struct member *m = arg;

	while (crowd_goes_on(m)) {
		struct iommu_iova_range range;
		__u32 num = 1, id = ID_FIRST + rand_r(&m->seed) % ID_NUM;

		/* all but the IOASes, which the others need */
		if (iommu_destroy(m->crowd->fd, id))
			ioas_iova_ranges(m->crowd->fd, crowd_ioas(m), &range,
					 &num, NULL);
		m->successes++;
	}
	return NULL;
}

/*
 * A table is busy while somebody else destroys the device that is attached to
 * it, and stays if nobody asks again.
 */
static void crowd_sweep(struct crowd *c)
{
	for (__u32 id = ID_FIRST; id < ID_FIRST + ID_NUM; id++)
		iommu_destroy(c->fd, id);
}

FIXTURE(crowd)
{
	struct crowd crowd;
};

FIXTURE_VARIANT(crowd)
{
	void *(*extra)(void *arg);
	bool ids_change;
	unsigned int part;	/* of the time */
};

FIXTURE_VARIANT_ADD(crowd, attach)
{
	.extra = crowd_attach,
	.part = 1,
};

FIXTURE_VARIANT_ADD(crowd, attach_and_destroy_of_any_id)
{
	.extra = crowd_guess_ids,
	.ids_change = true,
	.part = 4,
};

static unsigned int seconds(void)
{
	const char *value = getenv("RACE_SECONDS");

	if (value)
		return strtoul(value, NULL, 0);
	return is_slow_kernel() ? SECONDS_SLOW_KERNEL : SECONDS_DEFAULT;
}

FIXTURE_SETUP(crowd)
{
	struct crowd *c = &self->crowd;

	c->fd = iommu_open();
	ASSERT_LE(0, c->fd);
	ASSERT_EQ(0, ioas_alloc(c->fd, &c->ioas[0]));
	ASSERT_EQ(0, ioas_alloc(c->fd, &c->ioas[1]));
	c->access = mock_access(c->fd, c->ioas[0], MOCK_ACCESS_PINS);
	ASSERT_LE(0, c->access);
	c->memory = memory_map(MEMORY_PAGES * page_size);
	ASSERT_NE(NULL, c->memory);
	/* so that no mapping is where a mock device cannot reach it */
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(0, allow(c->fd, c->ioas[i], true));
	c->ids_change = variant->ids_change;
	c->end = time(NULL) + seconds() / variant->part;
}

FIXTURE_TEARDOWN(crowd)
{
	struct crowd *c = &self->crowd;

	EXPECT_EQ(0, close(c->fd));
	c->fd = iommu_open();
	EXPECT_EQ(0, mock_check_pins(c->fd, c->memory, MEMORY_PAGES * page_size,
				     0));
	EXPECT_EQ(0, status_pages("VmPin"));
	close(c->fd);
}

TEST_F_TIMEOUT(crowd, concurrent_commands_leave_nothing_behind, 600)
{
	void *(*const role[])(void *arg) = {
		crowd_map, crowd_map_anywhere, crowd_unmap, crowd_unmap,
		crowd_copy, crowd_attach, crowd_ranges, crowd_allow, crowd_pin,
		crowd_pin, crowd_move_access, variant->extra,
	};
	struct member member[ARRAY_SIZE(role)] = {};
	pthread_t thread[ARRAY_SIZE(role)];

	self->crowd.member = member;
	self->crowd.members = ARRAY_SIZE(role);
	for (size_t i = 0; i < ARRAY_SIZE(role); i++) {
		member[i].crowd = &self->crowd;
		member[i].seed = i + 1;
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, role[i],
					    &member[i]));
	}
	for (size_t i = 0; i < ARRAY_SIZE(role); i++) {
		ASSERT_EQ(0, pthread_join(thread[i], NULL));
		EXPECT_LT(0, member[i].successes) {
			TH_LOG("thread %zu", i);
		}
		EXPECT_EQ(0, member[i].unexpected) {
			TH_LOG("thread %zu", i);
		}
	}

	for (int i = 0; i < 2; i++) {
		__u64 unmapped;

		ASSERT_EQ(0, ioas_unmap_all(self->crowd.fd, self->crowd.ioas[i],
					    NULL));
		ASSERT_EQ(0, ioas_unmap_all(self->crowd.fd, self->crowd.ioas[i],
					    &unmapped));
		EXPECT_EQ(0, unmapped);
	}
	EXPECT_EQ(0, fdinfo_value(self->crowd.fd, "mapped-bytes"));
	EXPECT_EQ(0, fdinfo_value(self->crowd.fd, "pinned-bytes"));
	ASSERT_EQ(0, close(self->crowd.access));
	if (variant->ids_change)
		crowd_sweep(&self->crowd);
	EXPECT_EQ(0, fdinfo_value(self->crowd.fd, "access"));
	EXPECT_EQ(2, fdinfo_value(self->crowd.fd, "ioas"));
	EXPECT_EQ(0, fdinfo_value(self->crowd.fd, "hwpt"));
	EXPECT_EQ(0, fdinfo_value(self->crowd.fd, "device"));
	EXPECT_EQ(0, mock_check_pins(self->crowd.fd, self->crowd.memory,
				     MEMORY_PAGES * page_size, 0));
	EXPECT_EQ(0, status_pages("VmPin"));
}

TEST_HARNESS_MAIN
