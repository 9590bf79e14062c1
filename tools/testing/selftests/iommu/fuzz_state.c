// SPDX-License-Identifier: GPL-2.0-only
/*
 * What calls of the fuzzer are made of: IDs and descriptors of what is alive, and
 * memory.
 *
 * The IDs are a guess: a thread may destroy what another one has just picked, and
 * an object may go with another one. So nothing relies on them, and at the end of a
 * round every ID that was ever seen is tried.
 *
 * Memory is at fixed addresses, so that a round can be repeated, with nothing in
 * front of it and behind it: a command that is told too large a length cannot write
 * to something else. What calls map for devices is none of what calls are in.
 */
#include "fuzz.h"

#define BASE		0x2a5a000000UL
#define PER_THREAD	0x1000000UL
#define MEMORY		(BASE + FUZZ_THREADS_MAX * PER_THREAD)
#define NO_ACCESS	(MEMORY + PER_THREAD)
#define READ_ONLY	(NO_ACCESS + PER_THREAD)
#define NOTHING		(READ_ONLY + PER_THREAD)

static void *map_at(unsigned long address, size_t size, int prot, int fd)
{
	int flags = MAP_FIXED_NOREPLACE |
		    (fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED);
	void *p = mmap((void *)address, size, prot, flags, fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

int fuzz_memory_init(void)
{
	void *memory = map_at(MEMORY, FUZZ_MEMORY_SIZE, PROT_READ | PROT_WRITE,
			      -1);

	if (!memory || !map_at(NO_ACCESS, FUZZ_PAGE, PROT_NONE, -1) ||
	    !map_at(READ_ONLY, FUZZ_PAGE, PROT_READ, -1))
		return -1;
	madvise(memory, FUZZ_MEMORY_SIZE, MADV_NOHUGEPAGE);
	memset(memory, 0, FUZZ_MEMORY_SIZE);
	return 0;
}

int fuzz_thread_init(struct fuzz_thread *t, unsigned int number)
{
	unsigned long base = BASE + number * PER_THREAD;
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, FUZZ_PAGE))
		return -1;
	t->cmd = map_at(base, FUZZ_PAGE, PROT_READ | PROT_WRITE, fd);
	t->cmd_read_only = map_at(base + PER_THREAD / 4, FUZZ_PAGE, PROT_READ,
				  fd);
	t->data = map_at(base + PER_THREAD / 2, FUZZ_DATA_SIZE,
			 PROT_READ | PROT_WRITE, -1);
	close(fd);
	return t->cmd && t->cmd_read_only && t->data ? 0 : -1;
}

/* Some pages that can be mapped */
__u64 fuzz_memory(struct fuzz_thread *t)
{
	return MEMORY + fuzz_below(t, FUZZ_MEMORY_PAGES) * FUZZ_PAGE;
}

__u64 fuzz_bad_pointer(struct fuzz_thread *t)
{
	switch (fuzz_below(t, 9)) {
	case 0:
		return 0;
	case 1:
		return NO_ACCESS;
	case 2:
		return READ_ONLY;
	case 3:
		return NOTHING;
	case 4:
		return MEMORY + FUZZ_MEMORY_SIZE - 1 - fuzz_below(t, 64);
	case 5:
		return MEMORY + fuzz_below(t, FUZZ_MEMORY_SIZE);
	case 6:
		/* Of the kernel */
		return 0xffff800000000000ULL + (fuzz_random(t) >> 20);
	case 7:
		return UINT64_MAX - fuzz_below(t, 64);
	default:
		/* Not an address at all */
		return 1ULL << 63 | fuzz_random(t) >> 8;
	}
}

/*
 * IDs
 */

static void put(struct fuzz_thread *t, struct fuzz_pool *pool, __u32 id)
{
	unsigned int i = pool->num;

	if (i == FUZZ_POOL_MAX)
		i = fuzz_below(t, FUZZ_POOL_MAX);
	else
		pool->num++;
	pool->ids[i] = id;
}

static bool take(struct fuzz_pool *pool, __u32 id)
{
	for (unsigned int i = 0; i < pool->num; i++)
		if (pool->ids[i] == id) {
			pool->ids[i] = pool->ids[--pool->num];
			return true;
		}
	return false;
}

static bool is_object(enum fuzz_kind kind)
{
	return kind != FUZZ_REQUEST && kind != FUZZ_PINNED;
}

static void take_object(struct fuzz *fuzz, __u32 id)
{
	for (int i = 0; i < FUZZ_KINDS; i++)
		if (is_object(i))
			take(&fuzz->pools[i], id);
}

static bool is_known(const struct fuzz *fuzz, __u32 id)
{
	for (int i = 0; i < FUZZ_KINDS; i++)
		for (unsigned int n = 0; n < fuzz->pools[i].num; n++)
			if (is_object(i) && fuzz->pools[i].ids[n] == id)
				return true;
	return false;
}

void fuzz_add(struct fuzz_thread *t, enum fuzz_kind kind, __u32 id)
{
	struct fuzz *fuzz = t->fuzz;

	pthread_mutex_lock(&fuzz->lock);
	/* The ID may have been another object's */
	if (kind != FUZZ_AUTO || !is_known(fuzz, id)) {
		if (is_object(kind))
			take_object(fuzz, id);
		put(t, &fuzz->pools[kind], id);
	}
	if (is_object(kind) && id > fuzz->max_id)
		fuzz->max_id = id;
	pthread_mutex_unlock(&fuzz->lock);
}

void fuzz_forget(struct fuzz_thread *t, __u32 id)
{
	struct fuzz *fuzz = t->fuzz;

	pthread_mutex_lock(&fuzz->lock);
	if (take(&fuzz->pools[FUZZ_MOCK], id))
		take(&fuzz->pools[FUZZ_BOUND],
		     fuzz->goes_with[id % FUZZ_GOES_WITH]);
	take_object(fuzz, id);
	pthread_mutex_unlock(&fuzz->lock);
}

/* It is going to be answered, mostly */
void fuzz_take_request(struct fuzz_thread *t, __u32 request)
{
	if (fuzz_one_in(t, 8))
		return;
	pthread_mutex_lock(&t->fuzz->lock);
	take(&t->fuzz->pools[FUZZ_REQUEST], request);
	pthread_mutex_unlock(&t->fuzz->lock);
}

/* An object of a kind; if there is none, an ID that is probably wrong */
__u32 fuzz_pick(struct fuzz_thread *t, enum fuzz_kind kind)
{
	struct fuzz_pool *pool = &t->fuzz->pools[kind];
	__u32 id = 1 + fuzz_below(t, 16);

	pthread_mutex_lock(&t->fuzz->lock);
	if (pool->num)
		id = pool->ids[id % pool->num];
	pthread_mutex_unlock(&t->fuzz->lock);
	return id;
}

__u32 fuzz_pick_any(struct fuzz_thread *t)
{
	return fuzz_pick(t, FUZZ_IOAS + fuzz_below(t, FUZZ_KINDS - FUZZ_IOAS));
}

/* What a device can be attached to */
__u32 fuzz_pick_table(struct fuzz_thread *t)
{
	static const enum fuzz_kind kinds[] = {
		FUZZ_IOAS, FUZZ_HWPT, FUZZ_PARENT, FUZZ_NESTED, FUZZ_NESTED,
		FUZZ_AUTO,
	};

	return fuzz_pick(t, kinds[fuzz_below(t, 6)]);
}

/* Few enough that those meet that belong together */
bool fuzz_has_enough(struct fuzz_thread *t, enum fuzz_kind kind)
{
	static const unsigned int limits[FUZZ_KINDS] = {
		[FUZZ_IOAS] = 5,
		[FUZZ_PARENT] = 3,
		[FUZZ_NESTED] = 8,
		[FUZZ_MOCK] = 6,
		[FUZZ_VIOMMU] = 3,
		[FUZZ_VDEVICE] = 6,
		[FUZZ_VEVENTQ] = 4,
		[FUZZ_FAULT_QUEUE] = 3,
		[FUZZ_MEMORY] = 8,
	};
	bool enough;

	pthread_mutex_lock(&t->fuzz->lock);
	enough = t->fuzz->pools[kind].num >= limits[kind];
	pthread_mutex_unlock(&t->fuzz->lock);
	return enough;
}

/*
 * Mappings
 */

void fuzz_add_mapping(struct fuzz_thread *t, __u32 ioas, __u64 iova,
		      __u64 length)
{
	t->mappings[t->num_mappings++ % FUZZ_MAPPINGS] =
		(struct fuzz_mapping) { ioas, iova, length };
}

/* One that was made, or a part of it; if there is none, one that may be */
struct fuzz_mapping fuzz_pick_mapping(struct fuzz_thread *t)
{
	struct fuzz_mapping mapping = {
		fuzz_pick(t, FUZZ_IOAS), fuzz_iova(t), fuzz_length(t),
	};
	unsigned int num = t->num_mappings < FUZZ_MAPPINGS ? t->num_mappings :
							     FUZZ_MAPPINGS;

	if (!num || fuzz_one_in(t, 6))
		return mapping;
	mapping = t->mappings[fuzz_below(t, num)];
	if (fuzz_one_in(t, 4) && mapping.length > FUZZ_PAGE) {
		mapping.iova += FUZZ_PAGE;
		mapping.length -= FUZZ_PAGE;
	}
	return mapping;
}

/*
 * Descriptors
 */

static int take_fd(struct fuzz_thread *t, struct fuzz_pool *pool)
{
	int fd = -1;

	pthread_mutex_lock(&t->fuzz->lock);
	if (pool->num) {
		fd = pool->ids[fuzz_below(t, pool->num)];
		take(pool, fd);
	}
	pthread_mutex_unlock(&t->fuzz->lock);
	return fd;
}

void fuzz_add_fd(struct fuzz_thread *t, enum fuzz_fd_kind kind, int fd)
{
	struct fuzz_pool *pool = &t->fuzz->fds[kind];
	int old = pool->num >= FUZZ_FDS_ENOUGH ? take_fd(t, pool) : -1;

	if (old >= 0)
		close(old);
	pthread_mutex_lock(&t->fuzz->lock);
	/* Other threads may have filled it */
	if (pool->num < FUZZ_POOL_MAX)
		put(t, pool, fd);
	else
		close(fd);
	pthread_mutex_unlock(&t->fuzz->lock);
}

/* A descriptor of a kind; if there is none, -1 */
int fuzz_pick_fd(struct fuzz_thread *t, enum fuzz_fd_kind kind)
{
	struct fuzz_pool *pool = &t->fuzz->fds[kind];
	int fd = -1;

	pthread_mutex_lock(&t->fuzz->lock);
	if (pool->num)
		fd = pool->ids[fuzz_below(t, pool->num)];
	pthread_mutex_unlock(&t->fuzz->lock);
	return fd;
}

int fuzz_close_some_fd(struct fuzz_thread *t)
{
	int fd = take_fd(t, &t->fuzz->fds[fuzz_below(t, FUZZ_FD_KINDS)]);

	return fd >= 0 && close(fd) ? -errno : 0;
}

void fuzz_close_fds(struct fuzz *fuzz)
{
	for (int i = 0; i < FUZZ_FD_KINDS; i++)
		while (fuzz->fds[i].num)
			close(fuzz->fds[i].ids[--fuzz->fds[i].num]);
}
