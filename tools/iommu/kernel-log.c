// SPDX-License-Identifier: GPL-2.0-only
/*
 * See kernel-log.h. Each read() of /dev/kmsg gives one record:
 * "level,number,time,flags;message\n", and lines that belong to it.
 */
#include "kernel-log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LIMIT_S		2
#define PAUSE_US	10000

int kernel_log_open(void)
{
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (log < 0)
		return -errno;
	if (lseek(log, 0, SEEK_END) < 0) {
		int rc = -errno;

		close(log);
		return rc;
	}
	return log;
}

/* The driver of the SMMUv3 logs an event in five records, of which these follow */
#define SMMUV3_WORDS	4

/* How the drivers of the IOMMUs of today begin their message about a fault */
static const struct mark {
	const char *driver, *text;
	unsigned int words;
} marks[] = {
	{ "DMAR: ", "fault addr", 0 },
	{ "virtio_iommu ", "fault from", 0 },
	{ "arm-smmu-v3 ", "event 0x", SMMUV3_WORDS },
	{ "AMD-Vi: ", "IO_PAGE_FAULT", 0 },
	{ NULL, NULL, 0 }
};

static const struct mark *fault_mark(const char *message)
{
	const struct mark *mark;

	for (mark = marks; mark->driver; mark++)
		if (strstr(message, mark->driver) &&
		    strstr(message, mark->text))
			return mark;
	return NULL;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

/*
 * The text of the next record: @record returns it, and holds it. -ETIMEDOUT if
 * there is none before @deadline; what is there already is read even then.
 */
static int next_record(int log, double deadline, char *record, size_t size,
		       char **text)
{
	for (;;) {
		ssize_t len = read(log, record, size - 1);

		if (len < 0 && errno == EAGAIN) {
			if (now() >= deadline)
				return -ETIMEDOUT;
			usleep(PAUSE_US);
			continue;
		}
		/* Records were overwritten: the next read gives those after */
		if (len < 0 && errno == EPIPE)
			continue;
		if (len < 0)
			return -errno;
		record[len] = 0;
		*text = strchr(record, ';');
		if (!*text)
			continue;
		++*text;
		(*text)[strcspn(*text, "\n")] = 0;
		return 0;
	}
}

/* Put words that follow in records of their own after the message */
static int append_words(int log, double deadline, const struct mark *mark,
			char *message, size_t size)
{
	char record[8192], *text, *word;
	unsigned int words = 0;
	int rc;

	while (words < mark->words) {
		size_t used = strlen(message);

		rc = next_record(log, deadline, record, sizeof(record), &text);
		if (rc)
			return rc;
		/* In a record, a tab is escaped */
		word = strstr(text, "\\x090x");
		if (!word || !strstr(text, mark->driver))
			continue;
		snprintf(message + used, size - used, " 0x%llx",
			 strtoull(word + strlen("\\x09"), NULL, 16));
		words++;
	}
	return 0;
}

int kernel_log_fault(int log, char *message, size_t size)
{
	double deadline = now() + LIMIT_S;
	char record[8192], *text;
	const struct mark *mark;
	int rc;

	do {
		rc = next_record(log, deadline, record, sizeof(record), &text);
		if (rc)
			return rc;
		mark = fault_mark(text);
	} while (!mark);
	snprintf(message, size, "%s", text);
	return append_words(log, deadline, mark, message, size);
}
