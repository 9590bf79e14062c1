// SPDX-License-Identifier: GPL-2.0-only
/*
 * One call of the fuzzer: made, spoilt, done and judged.
 *
 * What is spoilt: bits and words of the struct, IDs, its size and the bytes behind
 * it, what it points to and the pointers themselves, its own address, and the number
 * of the ioctl. Pointers get addresses from a list only, so that no command writes
 * to memory of the program that is not meant for it.
 */
#include <stdarg.h>
#include <time.h>

#include "fuzz.h"

#define MESSAGES_MAX	20

static const int all_answers[] = { EINVAL, EOPNOTSUPP, EFAULT, E2BIG, 0 };

static unsigned long problems[FUZZ_PROBLEMS];

unsigned long fuzz_problems(enum fuzz_problem problem)
{
	return __atomic_load_n(&problems[problem], __ATOMIC_RELAXED);
}

void fuzz_report(const struct fuzz *fuzz, enum fuzz_problem problem,
		 const char *format, ...)
{
	static unsigned long messages;
	char text[512];
	va_list args;

	__atomic_fetch_add(&problems[problem], 1, __ATOMIC_RELAXED);
	if (__atomic_fetch_add(&messages, 1, __ATOMIC_RELAXED) >= MESSAGES_MAX)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	printf("# %s: %s\n# repeat: BACKEND=%s SEED=%llu ROUND=%lu\n",
	       fuzz->backend->name, text, fuzz->backend->name, fuzz->seed,
	       fuzz->round);
	fflush(stdout);
}

/*
 * Spoiling
 */

/**
 * struct attempt - how a command is called
 * @cmd: number of the ioctl
 * @arg: its argument
 * @unknown: the number is that of no ioctl
 */
struct attempt {
	unsigned long cmd;
	void *arg;
	bool unknown;
};

static __u64 boundary(struct fuzz_thread *t)
{
	__u64 power = 1ULL << fuzz_below(t, 64);

	switch (fuzz_below(t, 6)) {
	case 0:
		return 0;
	case 1:
		return UINT64_MAX;
	case 2:
		return power;
	case 3:
		return power - 1;
	case 4:
		return -power;
	default:
		return fuzz_below(t, 16);
	}
}

static bool is_pointer(const struct fuzz_command *c, size_t offset)
{
	for (int i = 0; i < 3 && c->pointers[i]; i++)
		if (offset / 8 == c->pointers[i] / 8)
			return true;
	return false;
}

static void spoil_word(struct fuzz_thread *t, const struct fuzz_command *c)
{
	size_t offset = 4 + fuzz_below(t, c->size / 4 - 1) * 4;
	void *p = t->cmd + offset;

	if (c->op && offset == c->op)
		return;
	if (is_pointer(c, offset))
		*(__u64 *)(t->cmd + offset / 8 * 8) = fuzz_bad_pointer(t);
	else if (fuzz_one_in(t, 3))
		*(__u32 *)p ^= 1U << fuzz_below(t, 32);
	else if (fuzz_one_in(t, 2))
		*(__u32 *)p = fuzz_pick_any(t);
	else if (offset % 8 || offset + 8 > c->size || fuzz_one_in(t, 2))
		*(__u32 *)p = boundary(t);
	else
		*(__u64 *)p = boundary(t);
}

static void spoil_size(struct fuzz_thread *t, const struct fuzz_command *c)
{
	static const int by[] = { -64, -8, -4, -1, 1, 4, 8, 64, 4000 };

	if (fuzz_one_in(t, 4))
		*(__u32 *)t->cmd = boundary(t);
	else
		*(__u32 *)t->cmd += by[fuzz_below(t, 9)];
	if (fuzz_one_in(t, 2))
		t->cmd[c->size + fuzz_below(t, 16)] = fuzz_random(t);
}

static void spoil_number(struct fuzz_thread *t, struct attempt *attempt)
{
	static const __u8 unknown[] = {
		0x94, 0x96, 0x9f, 0xa1, 0xbf, 0xc3, 0xc4, 0xc6, 0xff,
	};

	attempt->unknown = true;
	if (fuzz_one_in(t, 2))
		attempt->cmd = _IO(IOMMUFD_TYPE, unknown[fuzz_below(t, 9)]);
	else
		attempt->cmd ^= fuzz_one_in(t, 2) ? 0x100 : 0x40080000;
}

static void spoil_address(struct fuzz_thread *t, struct attempt *attempt,
			  size_t size)
{
	switch (fuzz_below(t, 3)) {
	case 0:
		attempt->arg = t->cmd_read_only;
		break;
	case 1:
		/* The end is missing */
		attempt->arg = t->cmd + FUZZ_PAGE - 4 * (1 + fuzz_below(t, 3));
		if (size <= 12)
			attempt->arg = t->cmd + FUZZ_PAGE - 4;
		memcpy(attempt->arg, t->cmd,
		       t->cmd + FUZZ_PAGE - (__u8 *)attempt->arg);
		break;
	default:
		attempt->arg = (void *)(uintptr_t)fuzz_bad_pointer(t);
	}
}

static void spoil(struct fuzz_thread *t, const struct fuzz_command *c,
		  struct attempt *attempt)
{
	switch (fuzz_below(t, 16)) {
	case 0:
		spoil_size(t, c);
		break;
	case 1:
		if (!c->target)
			spoil_number(t, attempt);
		break;
	case 2:
		spoil_address(t, attempt, c->size);
		break;
	case 3:
	case 4:
	case 5:
		for (int i = fuzz_below(t, 4); i >= 0; i--)
			t->data[fuzz_below(t, 64)] ^= 1 << fuzz_below(t, 8);
		break;
	case 6:
		spoil_word(t, c);
		spoil_word(t, c);
		spoil_word(t, c);
		break;
	default:
		spoil_word(t, c);
	}
}

/*
 * Judging
 */

static bool has_answer(const int *answers, int error)
{
	for (; *answers; answers++)
		if (*answers == error)
			return true;
	return false;
}

/* Descriptors may be closed by other threads, and be others then */
static bool is_race(const struct fuzz_thread *t, int error)
{
	return t->fuzz->threads > 1 &&
	       (error == EBADF || error == EBADFD || error == EINVAL);
}

static bool may_be_written(const struct fuzz_command *c, size_t offset)
{
	for (int i = 0; i < 2; i++)
		if (offset >= c->written[i].offset &&
		    offset < c->written[i].offset + c->written[i].length)
			return true;
	return false;
}

static void dump(const void *cmd, size_t size, char *out, size_t room)
{
	*out = 0;
	for (size_t i = 0; i + 4 <= size && room > 9; i += 4) {
		int n = snprintf(out, room, " %x", *(__u32 *)(cmd + i));

		out += n;
		room -= n;
	}
}

static void judge(struct fuzz_thread *t, const struct fuzz_command *c,
		  const struct attempt *attempt, const __u8 *before, int result)
{
	int error = result < 0 ? -result : 0;
	char text[256];

	dump(before, c->size, text, sizeof(text));
	if (attempt->unknown) {
		if (error != ENOTTY)
			fuzz_report(t->fuzz, FUZZ_BAD_ANSWER,
				    "call %lu, ioctl %#lx that there is not: %d",
				    t->number, attempt->cmd, result);
		return;
	}
	if (error && !has_answer(all_answers, error) &&
	    !has_answer(c->answers, error) && !is_race(t, error))
		fuzz_report(t->fuzz, FUZZ_BAD_ANSWER,
			    "call %lu, %s: %s, which is not documented;%s",
			    t->number, c->name, strerror(error), text);
	if (!error && c->reserved && *(__u32 *)(before + c->reserved))
		fuzz_report(t->fuzz, FUZZ_ACCEPTED,
			    "call %lu, %s: reserved member is not 0;%s",
			    t->number, c->name, text);
	if (!error || attempt->arg != t->cmd)
		return;
	for (size_t i = 0; i < c->size; i++)
		if (t->cmd[i] != before[i] && !may_be_written(c, i)) {
			fuzz_report(t->fuzz, FUZZ_WRITTEN,
				    "call %lu, %s: %s, and wrote to byte %zu;%s",
				    t->number, c->name, strerror(error), i,
				    text);
			return;
		}
}

/*
 * Calling
 */

static int call_ioctl(struct fuzz_thread *t, struct fuzz_command *c)
{
	struct attempt attempt = { .cmd = c->cmd, .arg = t->cmd };
	__u8 before[256];
	int result;

	memset(t->cmd, 0, sizeof(before));
	*(__u32 *)t->cmd = c->size;
	c->make(t, t->cmd);
	if (fuzz_one_in(t, 3))
		spoil(t, c, &attempt);
	memcpy(before, t->cmd, c->size);
	result = ioctl(c->target ? c->target(t) : t->fuzz->fd, attempt.cmd,
		       attempt.arg);
	if (result < 0)
		result = -errno;
	judge(t, c, &attempt, before, result);
	if (result >= 0 && !attempt.unknown && c->done)
		c->done(t, t->cmd, result);
	return result;
}

static int call_function(struct fuzz_thread *t, struct fuzz_command *c)
{
	int result = c->run(t);

	if (result < 0 && !has_answer(c->answers, -result) &&
	    !is_race(t, -result))
		fuzz_report(t->fuzz, FUZZ_BAD_ANSWER, "call %lu, %s: %s",
			    t->number, c->name, strerror(-result));
	return result;
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* What nobody else needs to know: with several threads, about right */
static struct {
	double seconds;
	const char *name;
	unsigned long round, number;
} slowest;

/* Tell which call took longest, and forget it */
void fuzz_show_slowest(const struct fuzz *fuzz)
{
	printf("# %s: %.3f s took the longest call, %s, call %lu of round %lu\n",
	       fuzz->backend->name, slowest.seconds, slowest.name,
	       slowest.number, slowest.round);
	slowest.seconds = 0;
}

void fuzz_call(struct fuzz_thread *t, struct fuzz_command *c)
{
	double start = seconds();
	int result = c->run ? call_function(t, c) : call_ioctl(t, c);
	double took = seconds() - start;

	if (took > slowest.seconds) {
		slowest.seconds = took;
		slowest.name = c->name;
		slowest.round = t->fuzz->round;
		slowest.number = t->number;
	}

	__atomic_fetch_add(&c->calls, 1, __ATOMIC_RELAXED);
	if (result >= 0)
		__atomic_fetch_add(&c->successes, 1, __ATOMIC_RELAXED);
}
