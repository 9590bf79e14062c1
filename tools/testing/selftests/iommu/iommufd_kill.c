// SPDX-License-Identifier: GPL-2.0-only
/*
 * Killing a process at any point of its work with /dev/iommu leaves nothing.
 *
 * A worker binds and attaches a device, maps, copies and unmaps memory and
 * starts DMA, over and over, as an unprivileged user, until it is killed 0 to
 * 150 ms after it began with that, or, one time in four, after it was started.
 * A DMA takes 100 ms, so it is often on its way then. After each kill a second
 * process, the checker, takes over the device at once. A worker that nobody
 * kills, as the timer for that was lost, ends itself after a while.
 *
 * KILLS in the environment is the number of kills, 200 by default, or 25 on a
 * kernel with kmemleak, where one takes seconds. SEED is that of the times.
 */
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>

#include "edu_device.h"
#include "slow_kernel.h"
#include "../kselftest.h"

#define KILLS_DEFAULT	200
#define KILLS_SLOW_KERNEL 25	/* one that looks for leaks */
#define SEED_DEFAULT	20221211
#define KILL_AFTER_MAX	150000	/* us */
#define PROGRESS_EVERY	20	/* kills */
#define WORK_SECONDS_MAX 30
#define STEPS_PER_CLOCK	256

#define NOBODY		65534
#define LIMIT_PAGES	64
#define SHARED_PAGES	4
#define PATTERN		0xa5

#define COOKIE		0x6b696c6cULL
#define SHARED_IOVA	0x100000ULL
#define PRIVATE_IOVA	0x400000ULL
#define COPY_IOVA	0x800000ULL

/* What the checker found, by promise; its exit status is a set of these */
enum {
	BIND_FAILED = 1 << 0,
	DMA_NOT_BLOCKED = 1 << 1,
	STILL_CHARGED = 1 << 2,
	CHECK_BROKEN = 1 << 3,
};

static const char *bdf;
static long page_size;
static __u8 *shared;	/* by worker, checker and this process */

/* How far the worker came */
static struct progress {
	unsigned long steps;
	unsigned long transfers;
} *progress;

static __u32 next_random(__u32 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static int become_nobody(void)
{
	struct rlimit limit = {
		.rlim_cur = LIMIT_PAGES * page_size,
		.rlim_max = LIMIT_PAGES * page_size,
	};

	return setrlimit(RLIMIT_MEMLOCK, &limit) || setgroups(0, NULL) ||
	       setgid(NOBODY) || setuid(NOBODY);
}

/*
 * The worker: each step may fail, as an earlier one that it builds on may not
 * have been taken. What counts is that the kernel is everywhere when it dies.
 */
static void work(__u32 seed)
{
	__u8 *memory = memory_map(2 * LIMIT_PAGES * page_size);
	time_t start = time(NULL);
	__u32 ioas[2], hwpt = 0, pt;
	struct edu_device edu;
	int fd = iommu_open();
	__u64 iova;

	if (fd < 0 || !memory || ioas_alloc(fd, &ioas[0]) ||
	    ioas_alloc(fd, &ioas[1]) || edu_device_open(&edu, bdf) ||
	    edu_device_bind(&edu, fd, COOKIE) || become_nobody())
		_exit(1);
	for (;;) {
		__u32 random = next_random(&seed);
		__u32 in = ioas[random >> 8 & 1], other = ioas[~random >> 8 & 1];
		__u64 length = (1 + (random >> 12) % 32) * page_size;

		if (++progress->steps % STEPS_PER_CLOCK == 0 &&
		    time(NULL) - start > WORK_SECONDS_MAX)
			_exit(2);
		switch (random % 12) {
		case 0:
			pt = in;
			edu_device_attach(&edu, &pt);
			break;
		case 1:
			if (random >> 28 == 0)
				edu_device_detach(&edu);
			break;
		case 2:
			ioas_map_fixed(fd, in, shared,
				       SHARED_PAGES * page_size, SHARED_IOVA);
			break;
		case 3:
		case 4:
			ioas_map_fixed(fd, in, memory, length, PRIVATE_IOVA);
			break;
		case 5:
			iova = 0;
			ioas_map(fd, in, memory + length, length, &iova);
			break;
		case 6:
			ioas_copy_fixed(fd, other, in, page_size, COPY_IOVA,
					PRIVATE_IOVA);
			break;
		case 7:
			ioas_unmap(fd, in, PRIVATE_IOVA,
				   2 * LIMIT_PAGES * page_size);
			break;
		case 8:
			ioas_unmap_all(fd, in, NULL);
			break;
		case 9:
			if (hwpt)
				iommu_destroy(fd, hwpt);
			hwpt = 0;
			hwpt_alloc(fd, edu.dev_id, in, 0, &hwpt);
			break;
		case 10:
			if (hwpt) {
				pt = hwpt;
				edu_device_attach(&edu, &pt);
			}
			break;
		case 11:
			/* without waiting: it is under way while others go on */
			progress->transfers++;
			edu_dma_start(&edu.engine, random >> 31 ? EDU_TO_MEMORY :
							   EDU_FROM_MEMORY,
				      SHARED_IOVA, EDU_MEMORY_SIZE);
			break;
		}
	}
}

static bool shared_is_untouched(void)
{
	for (long i = 0; i < SHARED_PAGES * page_size; i++)
		if (shared[i] != PATTERN)
			return false;
	return true;
}

/* The checker: the device of the dead worker in new hands */
static int check(void)
{
	__u8 *memory = memory_map((LIMIT_PAGES + 1) * page_size);
	int found = 0, fd = iommu_open();
	struct edu_device edu;
	__u32 ioas, pt;

	if (fd < 0 || !memory || ioas_alloc(fd, &ioas) || edu_device_open(&edu, bdf))
		return CHECK_BROKEN;
	if (edu_device_bind(&edu, fd, COOKIE))
		return BIND_FAILED;

	/* DMA that was under way, and DMA that is started now */
	if (edu_dma_wait(&edu.engine) ||
	    edu_dma(&edu.engine, EDU_TO_MEMORY, SHARED_IOVA, EDU_MEMORY_SIZE))
		found |= CHECK_BROKEN;
	if (!shared_is_untouched())
		found |= DMA_NOT_BLOCKED;

	/* the user has all of its limit again, and not more */
	pt = ioas;
	if (become_nobody() || edu_device_attach(&edu, &pt))
		return found | CHECK_BROKEN;
	if (ioas_map_fixed(fd, ioas, memory, LIMIT_PAGES * page_size,
			   PRIVATE_IOVA))
		found |= STILL_CHARGED;
	else if (ioas_map_fixed(fd, ioas, memory + LIMIT_PAGES * page_size,
				page_size, COPY_IOVA) != -ENOMEM)
		found |= CHECK_BROKEN;
	return found;
}

/* Pages that are pinned anywhere in the system */
static long pinned_pages(void)
{
	long acquired = -1, released = -1;
	char line[128];
	FILE *f;

	/* counts are per CPU; this adds them up */
	f = fopen("/proc/sys/vm/stat_refresh", "w");
	if (f) {
		fputs("1", f);
		fclose(f);
	}
	f = fopen("/proc/vmstat", "r");
	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f)) {
		long value;
		char name[64];
		int found = sscanf(line, "%63s %ld", name, &value);

		if (found != 2)
			continue;
		if (!strcmp(name, "nr_foll_pin_acquired"))
			acquired = value;
		if (!strcmp(name, "nr_foll_pin_released"))
			released = value;
	}
	fclose(f);
	return acquired < 0 || released < 0 ? -1 : acquired - released;
}

static int kmemleak(const char *command)
{
	FILE *f = fopen(KMEMLEAK, "w");
	int rc;

	if (!f)
		return -errno;
	rc = fputs(command, f) < 0 ? -EIO : 0;
	return fclose(f) ? -errno : rc;
}

/* Scan for lost objects twice, as a pointer may be in flight in one scan */
static bool kmemleak_is_clean(void)
{
	char line[256];
	bool clean = true;
	FILE *f;

	for (int i = 0; i < 2; i++) {
		sleep(5);
		if (kmemleak("scan"))
			return false;
	}
	f = fopen(KMEMLEAK, "r");
	if (!f)
		return false;
	while (fgets(line, sizeof(line), f)) {
		ksft_print_msg("%s", line);
		clean = false;
	}
	fclose(f);
	return clean;
}

static int run(int (*function)(void))
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(function());
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return CHECK_BROKEN;
	return WEXITSTATUS(status);
}

/* Wait @us microseconds; return whether the worker ended before that */
static bool worker_ends_within(int pidfd, useconds_t us)
{
	struct timespec time = { .tv_nsec = us * 1000 };
	struct pollfd worker = { .fd = pidfd, .events = POLLIN };

	return ppoll(&worker, 1, &time, NULL) == 1;
}

/*
 * Wait until the worker has begun its loop, which takes long on a slow kernel;
 * return whether it ended instead.
 */
static bool worker_ends_before_loop(int pidfd)
{
	while (!__atomic_load_n(&progress->steps, __ATOMIC_RELAXED))
		if (worker_ends_within(pidfd, 500))
			return true;
	return false;
}

/*
 * Kill a worker some time after its start, or after it has begun its loop.
 * Return whether it was the kill that ended it.
 */
static bool kill_worker(__u32 seed, bool in_loop, useconds_t after)
{
	int status, pidfd;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid)
		work(seed);
	pidfd = syscall(SYS_pidfd_open, pid, 0);
	if (!(in_loop && worker_ends_before_loop(pidfd)))
		worker_ends_within(pidfd, after);
	close(pidfd);
	kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) != pid)
		return false;
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static __u32 number(const char *name, __u32 otherwise)
{
	const char *value = getenv(name);

	return value ? strtoul(value, NULL, 0) : otherwise;
}

int main(void)
{
	/* "stack=on" is so anyhow, but not allowed with kmemleak=off */
	bool has_kmemleak = is_slow_kernel() && !kmemleak("stack=on");
	__u32 kills = number("KILLS", is_slow_kernel() ? KILLS_SLOW_KERNEL :
							 KILLS_DEFAULT);
	__u32 seed = number("SEED", SEED_DEFAULT);
	__u32 at_work = 0, in_transfer = 0;
	int found = 0, not_killed = 0, pinned = 0;
	__u32 random = seed;

	ksft_print_header();
	ksft_set_plan(7);
	bdf = getenv("EDU0");
	page_size = sysconf(_SC_PAGESIZE);
	shared = mmap(NULL, SHARED_PAGES * page_size, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	progress = mmap(NULL, page_size, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!bdf || shared == MAP_FAILED || progress == MAP_FAILED || !kills ||
	    !random)
		ksft_exit_fail_msg("no device in EDU0, no memory, or KILLS or SEED is 0\n");
	if (pinned_pages())
		ksft_exit_fail_msg("%ld pages are pinned before the test\n",
				   pinned_pages());
	if (has_kmemleak && kmemleak("clear"))
		ksft_exit_fail_msg("cannot use kmemleak\n");

	ksft_print_msg("%u kills, seed %u\n", kills, seed);
	for (__u32 i = 0; i < kills; i++) {
		useconds_t after = next_random(&random) % KILL_AFTER_MAX;
		int result;
		long left;

		memset(progress, 0, sizeof(*progress));
		/* One in four may still be setting things up */
		if (!kill_worker(next_random(&random), i % 4, after))
			not_killed++;
		at_work += !!progress->steps;
		in_transfer += !!progress->transfers;
		left = pinned_pages();
		memset(shared, PATTERN, SHARED_PAGES * page_size);
		result = run(check);
		if (left || result)
			ksft_print_msg("kill %u, after %u us: %ld pages pinned, checker %#x\n",
				       i, after, left, result);
		pinned |= !!left;
		found |= result;
		if ((i + 1) % PROGRESS_EVERY == 0)
			ksft_print_msg("%u of %u kills\n", i + 1, kills);
	}

	/* the others were killed while they opened and bound */
	ksft_print_msg("%u kills in the loop, %u of them after DMA was started\n",
		       at_work, in_transfer);
	ksft_test_result(!not_killed && at_work > kills / 4 &&
			 in_transfer > kills / 8,
			 "worker_was_at_work\n");
	ksft_test_result(!(found & CHECK_BROKEN), "checks_worked\n");
	ksft_test_result(!(found & BIND_FAILED),
			 "device_can_be_bound_again_at_once\n");
	ksft_test_result(!(found & DMA_NOT_BLOCKED),
			 "dma_of_a_killed_process_is_blocked\n");
	ksft_test_result(!(found & STILL_CHARGED),
			 "locked_memory_of_the_user_is_zero\n");
	ksft_test_result(!pinned && !pinned_pages(),
			 "no_page_stays_pinned\n");
	if (has_kmemleak)
		ksft_test_result(kmemleak_is_clean(), "no_object_is_lost\n");
	else
		ksft_test_result_skip("no_object_is_lost: the kernel has no kmemleak\n");
	ksft_finished();
}
