// SPDX-License-Identifier: GPL-2.0-only
/*
 * How iommu-bench measures time and kernel memory.
 *
 * Time is CLOCK_MONOTONIC. In a virtual machine under QEMU's -icount shift=0 it
 * counts instructions, one a nanosecond, and is the same on every machine.
 *
 * Memory is counted exactly: what processors keep for themselves, of counters
 * and of pages, is added.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"

double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct sample summarize(double *values, unsigned int n)
{
	struct sample sample;

	qsort(values, n, sizeof(*values), compare_doubles);
	sample.median = (values[(n - 1) / 2] + values[n / 2]) / 2;
	sample.spread = 100 * (values[n - 1] - values[0]) / sample.median;
	return sample;
}

double clock_cost(void)
{
	double values[MAX_RUNS], start;
	unsigned int i;

	for (i = 0; i < MAX_RUNS; i++) {
		start = now();
		values[i] = now() - start;
	}
	return summarize(values, MAX_RUNS).median;
}

/* Add up what the processors have counted and not yet told */
static void refresh_counters(void)
{
	FILE *file = fopen("/proc/sys/vm/stat_refresh", "r");
	char line[256];

	if (!file)
		err(1, "/proc/sys/vm/stat_refresh");
	while (fgets(line, sizeof(line), file))
		;
	fclose(file);
}

/* The sum of all numbers that stand in lines of this format */
static __u64 sum_of_file(const char *path, const char **formats)
{
	unsigned long long value, sum = 0;
	unsigned int found = 0, i;
	char line[256];
	FILE *file;

	refresh_counters();
	file = fopen(path, "r");
	if (!file)
		err(1, "%s", path);
	while (fgets(line, sizeof(line), file)) {
		for (i = 0; formats[i]; i++) {
			if (sscanf(line, formats[i], &value) != 1)
				continue;
			sum += value;
			found++;
		}
	}
	fclose(file);
	if (!found)
		errx(1, "no %s in %s", formats[0], path);
	return sum;
}

__u64 slab_memory(void)
{
	return KIB * sum_of_file("/proc/meminfo",
				 (const char *[]){ "Slab: %llu", NULL });
}

__u64 free_memory(void)
{
	return PAGE * sum_of_file("/proc/zoneinfo",
				  (const char *[]){ " pages free %llu",
						    " count: %llu", NULL });
}
