// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the fuzzer reads from, writes to, and maps of descriptors. A queue that poll()
 * says has something must give something to who has room for it, and the other way
 * round; that is looked at with one thread only, as another one may be faster, and
 * devices must not report meanwhile.
 */
#include <poll.h>

#include "fuzz.h"

#define ROOM		4096
/* Where the descriptor is in FUZZ_REQUEST */
#define REQUEST_FD	20
#define RESPONSES_MAX	4
#define RECORD		sizeof(struct iommu_hwpt_pgfault)
#define COOKIE_RECORD	sizeof(struct iommu_device_fault)

static bool has_something(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, 0) == 1 && poll_fd.revents & POLLIN;
}

/* Read into good memory or bad, with enough room or not */
static int read_some(struct fuzz_thread *t, int fd, bool *good)
{
	void *to = t->data;
	size_t room = ROOM;
	bool before, some;
	int result;

	*good = true;
	if (fuzz_one_in(t, 6))
		room = fuzz_below(t, 200);
	if (fuzz_one_in(t, 6)) {
		to = (void *)(uintptr_t)fuzz_bad_pointer(t);
		*good = false;
	}
	before = has_something(fd);
	result = read(fd, to, room);
	if (result < 0)
		result = -errno;
	some = result > 0;
	/* A fault of a real device can come at any time */
	if (t->fuzz->backend == &fuzz_device)
		before = before || some;
	if (*good && room == ROOM && t->fuzz->threads == 1 &&
	    before != some)
		fuzz_report(t->fuzz, FUZZ_BAD_ANSWER,
			    "call %lu, read gives %d, poll %d", t->number,
			    result, before);
	return result;
}

static int run_read_faults(struct fuzz_thread *t)
{
	int fd = fuzz_pick_fd(t, FUZZ_FD_FAULTS);
	const struct iommu_hwpt_pgfault *fault;
	size_t size = RECORD;
	bool good;
	int result;

	if (fd < 0)
		return -EBADF;
	result = read_some(t, fd, &good);
	if (result <= 0 || !good)
		return result;
	/* Which of the two records it is can be seen by the length, mostly */
	if (result % RECORD)
		size = COOKIE_RECORD;
	for (int i = 0; i + (int)size <= result; i += size) {
		fault = (void *)(t->data + i);
		if (fault->flags & IOMMU_PGFAULT_FLAGS_LAST_PAGE)
			fuzz_add(t, FUZZ_REQUEST,
				 fd << REQUEST_FD | fault->cookie);
	}
	return result;
}

static int run_respond(struct fuzz_thread *t)
{
	struct iommu_hwpt_page_response *response = (void *)t->data;
	__u32 num = 1 + fuzz_below(t, RESPONSES_MAX);
	int fd = fuzz_pick_fd(t, FUZZ_FD_FAULTS);
	__u32 request;
	size_t length = num * sizeof(*response);
	void *from = response;

	if (fd < 0)
		return -EBADF;
	for (__u32 i = 0; i < num; i++) {
		request = fuzz_pick(t, FUZZ_REQUEST);
		response[i].cookie = request & ((1 << REQUEST_FD) - 1);
		response[i].code = fuzz_below(t, 2);
		fuzz_take_request(t, request);
	}
	/* Of the last one, or of any queue */
	if (request >> REQUEST_FD && !fuzz_one_in(t, 8))
		fd = request >> REQUEST_FD;
	switch (fuzz_below(t, 12)) {
	case 0:
		length = fuzz_below(t, 64);
		break;
	case 1:
		from = (void *)(uintptr_t)fuzz_bad_pointer(t);
		break;
	case 2:
		t->data[fuzz_below(t, length)] ^= 1 << fuzz_below(t, 8);
		break;
	}
	return write(fd, from, length) < 0 ? -errno : 0;
}

static int run_read_events(struct fuzz_thread *t)
{
	int fd = fuzz_pick_fd(t, FUZZ_FD_EVENTS);
	bool good;

	return fd < 0 ? -EBADF : read_some(t, fd, &good);
}

static int run_mmap(struct fuzz_thread *t)
{
	__u64 offset = __atomic_load_n(&t->fuzz->mmap_offset, __ATOMIC_RELAXED);
	size_t length = 2 * FUZZ_PAGE;
	int flags = MAP_SHARED;
	__u32 *p;

	switch (fuzz_below(t, 6)) {
	case 0:
		offset ^= 1ULL << (12 + fuzz_below(t, 50));
		break;
	case 1:
		length = fuzz_length(t);
		break;
	case 2:
		flags = MAP_PRIVATE;
		break;
	}
	p = mmap(NULL, length, PROT_READ | PROT_WRITE, flags, t->fuzz->fd,
		 offset);
	if (p == MAP_FAILED)
		return -errno;
	/* It is a user of the vIOMMU, which is not destroyed now */
	if (fuzz_one_in(t, 2))
		iommu_destroy(t->fuzz->fd, fuzz_pick(t, FUZZ_VIOMMU));
	__atomic_fetch_add(p, 1, __ATOMIC_RELAXED);
	munmap(p, length);
	return 0;
}

static int run_fdinfo(struct fuzz_thread *t)
{
	char path[64], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", t->fuzz->fd);
	f = fopen(path, "r");
	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f))
		;
	fclose(f);
	return 0;
}

struct fuzz_command fuzz_queue_commands[] = {
	{
		.name = "read faults",
		.weight = 40,
		.answers = FUZZ_ANSWERS(EFAULT, EBADF),
		.run = run_read_faults,
	}, {
		.name = "respond to faults",
		.weight = 40,
		.answers = FUZZ_ANSWERS(EINVAL, EFAULT, EBADF),
		.run = run_respond,
	}, {
		.name = "read events",
		.weight = 20,
		.answers = FUZZ_ANSWERS(EFAULT, EBADF),
		.run = run_read_events,
	}, {
		.name = "mmap",
		.weight = 6,
		.answers = FUZZ_ANSWERS(EINVAL, ENXIO, EOVERFLOW),
		.run = run_mmap,
	}, {
		.name = "close",
		.weight = 6,
		.answers = FUZZ_ANSWERS(0),
		.run = fuzz_close_some_fd,
	}, {
		.name = "fdinfo",
		.weight = 2,
		.answers = FUZZ_ANSWERS(0),
		.run = run_fdinfo,
	},
};

const unsigned int fuzz_num_queue_commands =
	sizeof(fuzz_queue_commands) / sizeof(*fuzz_queue_commands);
