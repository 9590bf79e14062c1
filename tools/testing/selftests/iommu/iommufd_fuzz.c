// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random calls of everything that /dev/iommu has, valid ones and spoilt ones.
 *
 * They come in rounds of some thousand calls on one IOMMU fd. At the end of a round,
 * either all objects are destroyed one by one, which has to work in some order, or
 * the descriptors are closed as they are, in any order; both give back all memory.
 * Every answer must be one that is documented for the call, and one that is an error
 * must not have written anything. Whatever else goes wrong the kernel says.
 *
 * In the environment, to repeat or to do more:
 *
 *   SEED=n	of all that is random
 *   CALLS=n	how many calls, 1000000 for a long run
 *   BACKEND=s	mock or device; default: one after the other
 *   ROUND=n	this round only
 *   THREADS=n	that call at the same time; with 1, a round is the same each time
 */
#include <time.h>

#include <linux/capability.h>
#include <linux/vfio.h>

#include "fuzz.h"
#include "process_status.h"
#include "slow_kernel.h"
#include "../kselftest.h"

#define SEED_DEFAULT	20221211
#define CALLS_PER_ROUND	2500
/* So many times fewer calls on a kernel that looks for leaks, which is slow */
#define SLOW_KERNEL	4
#define PROGRESS_SECONDS 15
#define LIMIT_PAGES	64

static struct fuzz_thread threads[FUZZ_THREADS_MAX];
static struct fuzz fuzz = { .lock = PTHREAD_MUTEX_INITIALIZER };

static unsigned long number(const char *name, unsigned long otherwise)
{
	const char *value = getenv(name);

	return value ? strtoul(value, NULL, 0) : otherwise;
}

/*
 * Memory that is pinned or charged
 */

/* A number of /proc/vmstat */
static long counter(const char *name)
{
	char line[128], found[64];
	long value, result = -1;
	FILE *f;

	f = fopen("/proc/vmstat", "r");
	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%63s %ld", found, &value) == 2 &&
		    !strcmp(found, name))
			result = value;
	fclose(f);
	return result;
}

/* Pages that are pinned anywhere in the system */
static long pinned_pages(void)
{
	FILE *f = fopen("/proc/sys/vm/stat_refresh", "w");

	/* Counts are per CPU; this adds them up */
	if (f) {
		fputs("1", f);
		fclose(f);
	}
	return counter("nr_foll_pin_acquired") - counter("nr_foll_pin_released");
}

/* How many pages the user, without privileges, may still have pinned */
static int pages_left(void)
{
	struct rlimit limit = { LIMIT_PAGES * page_size,
				LIMIT_PAGES * page_size };
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct none[2] = {};
	int status, fd, pages = 0;
	void *memory;
	__u32 id;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		fd = iommu_open();
		memory = memory_map(page_size);
		if (fd < 0 || !memory || setrlimit(RLIMIT_MEMLOCK, &limit) ||
		    syscall(SYS_capset, &header, none))
			_exit(255);
		while (pages < 254 &&
		       !memory_register(fd, memory, page_size, 0, &id))
			pages++;
		_exit(pages);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ||
	    WEXITSTATUS(status) == 255)
		return -1;
	return WEXITSTATUS(status);
}

/**
 * struct memory_state - what the kernel says of memory
 * @pinned: pages in the system
 * @process_pinned: of this process
 * @process_locked: by this process
 */
struct memory_state {
	long pinned, process_pinned, process_locked;
};

static struct memory_state get_memory_state(void)
{
	return (struct memory_state) {
		.pinned = pinned_pages(),
		.process_pinned = status_pages("VmPin"),
		.process_locked = status_pages("VmLck"),
	};
}

static void check_memory(const struct memory_state *before)
{
	struct memory_state now = get_memory_state();

	if (memcmp(&now, before, sizeof(now)))
		fuzz_report(&fuzz, FUZZ_NOT_GIVEN_BACK,
			    "pages pinned %ld, were %ld; of the process %ld, were %ld; locked %ld, were %ld",
			    now.pinned, before->pinned, now.process_pinned,
			    before->process_pinned, now.process_locked,
			    before->process_locked);
}

/*
 * Rounds
 */

static struct fuzz_command *pick_command(struct fuzz_thread *t)
{
	const struct {
		struct fuzz_command *commands;
		unsigned int num;
	} tables[] = {
		{ fuzz_iommu_commands, fuzz_num_iommu_commands },
		{ fuzz_nesting_commands, fuzz_num_nesting_commands },
		{ fuzz_queue_commands, fuzz_num_queue_commands },
		{ fuzz.backend->commands, fuzz.backend->num_commands },
	};
	unsigned int i, n, weight = 0;

	for (i = 0; i < ARRAY_SIZE(tables); i++)
		for (n = 0; n < tables[i].num; n++)
			weight += tables[i].commands[n].weight;
	weight = fuzz_below(t, weight);
	for (i = 0; i < ARRAY_SIZE(tables); i++)
		for (n = 0; n < tables[i].num; n++) {
			struct fuzz_command *c = &tables[i].commands[n];

			if (weight < c->weight)
				return c;
			weight -= c->weight;
		}
	return fuzz_iommu_commands;
}

/* Not by the fuzzer's calls, which may be spoilt: an object of this kind goes */
static void make_room(struct fuzz_thread *t, enum fuzz_kind kind)
{
	__u32 id = fuzz_pick(t, kind);

	if (!iommu_destroy(fuzz.fd, id))
		fuzz_forget(t, id);
}

static void *run_thread(void *data)
{
	struct fuzz_thread *t = data;

	for (t->number = 0; t->number < t->calls; t->number++) {
		struct fuzz_command *c = pick_command(t);

		if (c->makes && fuzz_has_enough(t, c->makes))
			make_room(t, c->makes);
		fuzz_call(t, c);
	}
	return NULL;
}

static void run_threads(unsigned long calls)
{
	pthread_t pthreads[FUZZ_THREADS_MAX];
	unsigned int i;

	for (i = 0; i < fuzz.threads; i++) {
		threads[i].calls = calls / fuzz.threads;
		threads[i].random = fuzz.seed + (fuzz.round << 32 | i << 24);
		/* Seeds that are near each other are no more so after this */
		threads[i].random = fuzz_random(&threads[i]);
	}
	if (fuzz.backend->begin)
		fuzz.backend->begin(&threads[0]);
	for (i = 1; i < fuzz.threads; i++)
		pthread_create(&pthreads[i], NULL, run_thread, &threads[i]);
	run_thread(&threads[0]);
	for (i = 1; i < fuzz.threads; i++)
		pthread_join(pthreads[i], NULL);
}

/* How many objects there are, of any kind: all lines between the first and these */
static long count_objects(void)
{
	char path[64], line[256], name[64];
	long value, objects = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fuzz.fd);
	f = fopen(path, "r");
	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "iommu-%63[^:]: %ld", name, &value) == 2 &&
		    strcmp(name, "fd") && !strstr(name, "bytes"))
			objects += value;
	fclose(f);
	return objects;
}

/* Destroy everything; what nothing uses any more goes with each turn */
static void destroy_all(void)
{
	bool progress;
	long left;

	do {
		progress = false;
		for (__u32 id = 1; id <= fuzz.max_id + 64; id++)
			if (!iommu_destroy(fuzz.fd, id))
				progress = true;
	} while (progress);
	left = count_objects();
	if (left)
		fuzz_report(&fuzz, FUZZ_NOT_DESTROYED,
			    "%ld objects cannot be destroyed", left);
}

static void end_round(struct fuzz_thread *t)
{
	int way = fuzz_below(t, 4);

	if (way < 2) {
		fuzz_close_fds(&fuzz);
		if (fuzz.backend->end)
			fuzz.backend->end();
		destroy_all();
	}
	if (way == 2)
		fuzz_close_fds(&fuzz);
	close(fuzz.fd);
	if (fuzz.backend->end)
		fuzz.backend->end();
	fuzz_close_fds(&fuzz);
}

static void init_round(struct fuzz_thread *t)
{
	memset(t->data, 0, FUZZ_DATA_SIZE);
	t->num_mappings = 0;
}

static int run_round(unsigned long calls)
{
	fuzz.fd = iommu_open();
	fuzz.memfd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fuzz.fd < 0 || fuzz.memfd < 0 ||
	    ftruncate(fuzz.memfd, FUZZ_MEMORY_SIZE))
		return -1;
	memset(fuzz.pools, 0, sizeof(fuzz.pools));
	memset(fuzz.goes_with, 0, sizeof(fuzz.goes_with));
	fuzz.max_id = 0;
	fuzz.mmap_offset = 0;
	for (unsigned int i = 0; i < fuzz.threads; i++)
		init_round(&threads[i]);
	run_threads(calls);
	end_round(&threads[0]);
	close(fuzz.memfd);
	return 0;
}

/* Returns how many calls were made */
static unsigned long run_rounds(unsigned long calls)
{
	struct memory_state before = get_memory_state();
	time_t start = time(NULL), told = start;
	unsigned long first = 0, done = 0, now;

	if (getenv("ROUND")) {
		first = number("ROUND", 0);
		calls = CALLS_PER_ROUND;
	}
	for (fuzz.round = first; done < calls; fuzz.round++) {
		now = calls - done < CALLS_PER_ROUND ? calls - done :
						       CALLS_PER_ROUND;
		if (run_round(now))
			break;
		check_memory(&before);
		done += now;
		if (time(NULL) - told < PROGRESS_SECONDS && done < calls)
			continue;
		told = time(NULL);
		ksft_print_msg("%s: %lu of %lu calls, %lu s\n",
			       fuzz.backend->name, done, calls, told - start);
	}
	return done;
}

/*
 * Results
 */

/* A device is bound once, when it is opened; the machine has an IOMMU */
static bool is_always_refused(unsigned long cmd)
{
	return cmd == VFIO_DEVICE_BIND_IOMMUFD ||
	       cmd == IOMMU_IOAS_NOIOMMU_GET_PA;
}

/* Was every command of a table done and refused? */
static bool check_table(struct fuzz_command *commands, unsigned int num)
{
	bool complete = true;

	for (unsigned int i = 0; i < num; i++) {
		struct fuzz_command *c = &commands[i];

		ksft_print_msg("%9lu calls, %9lu successful: %s\n", c->calls,
			       c->successes, c->name);
		if (is_always_refused(c->cmd))
			complete &= c->calls && !c->successes;
		else
			complete &= c->successes &&
				    (c->successes < c->calls || c->run);
		c->calls = 0;
		c->successes = 0;
	}
	return complete;
}

static void show_results(unsigned long done, unsigned long calls, int left,
			 const unsigned long *before)
{
	const char *name = fuzz.backend->name;
	bool generic, own;

	fuzz_show_slowest(&fuzz);
	ksft_print_msg("%s: what was called\n", name);
	generic = check_table(fuzz_iommu_commands, fuzz_num_iommu_commands);
	generic &= check_table(fuzz_nesting_commands,
			       fuzz_num_nesting_commands);
	generic &= check_table(fuzz_queue_commands, fuzz_num_queue_commands);
	own = check_table(fuzz.backend->commands, fuzz.backend->num_commands);
	/* Not every IOMMU can do everything, and a short run not everything */
	if (fuzz.backend != &fuzz_mock || done < fuzz.backend->calls)
		generic = true;
	if (done < fuzz.backend->calls)
		own = true;

#define IS_SAME(problem) (fuzz_problems(problem) == before[problem])
	ksft_test_result(done == calls && generic && own,
			 "%s: all calls are made, with and without success\n",
			 name);
	ksft_test_result(IS_SAME(FUZZ_BAD_ANSWER),
			 "%s: all answers are documented\n", name);
	ksft_test_result(IS_SAME(FUZZ_WRITTEN),
			 "%s: calls that fail write nothing\n", name);
	ksft_test_result(IS_SAME(FUZZ_ACCEPTED),
			 "%s: reserved members are 0\n", name);
	ksft_test_result(IS_SAME(FUZZ_NOT_DESTROYED),
			 "%s: all objects can be destroyed\n", name);
	ksft_test_result(IS_SAME(FUZZ_NOT_GIVEN_BACK) && pages_left() == left,
			 "%s: all memory is given back\n", name);
}

#define RESULTS	6

static void run_backend(const struct fuzz_backend *backend)
{
	const char *wanted = getenv("BACKEND");
	unsigned long before[FUZZ_PROBLEMS];
	unsigned long calls, done;
	int left, rc;

	fuzz.backend = backend;
	rc = wanted && strcmp(wanted, backend->name) ? ECANCELED :
						       backend->open();
	if (rc) {
		for (int i = 0; i < RESULTS; i++)
			ksft_test_result_skip("%s: %s\n", backend->name,
					      strerror(rc));
		return;
	}
	for (int i = 0; i < FUZZ_PROBLEMS; i++)
		before[i] = fuzz_problems(i);
	left = pages_left();
	calls = number("CALLS", is_slow_kernel() ?
				backend->calls / SLOW_KERNEL : backend->calls);
	if (getenv("ROUND"))
		calls = CALLS_PER_ROUND;
	ksft_print_msg("%s: %lu calls, SEED=%llu, THREADS=%u\n", backend->name,
		       calls, fuzz.seed, fuzz.threads);
	done = run_rounds(calls);
	show_results(done, calls, left, before);
}

int main(void)
{
	ksft_print_header();
	ksft_set_plan(2 * RESULTS);
	fuzz.seed = number("SEED", SEED_DEFAULT);
	fuzz.threads = number("THREADS", 1);
	if (!fuzz.threads || fuzz.threads > FUZZ_THREADS_MAX)
		ksft_exit_fail_msg("THREADS: 1 to %u\n", FUZZ_THREADS_MAX);
	if (fuzz_memory_init())
		ksft_exit_fail_msg("no memory\n");
	for (unsigned int i = 0; i < fuzz.threads; i++) {
		threads[i].fuzz = &fuzz;
		if (fuzz_thread_init(&threads[i], i))
			ksft_exit_fail_msg("no memory\n");
	}
	run_backend(&fuzz_mock);
	run_backend(&fuzz_device);
	ksft_finished();
}
