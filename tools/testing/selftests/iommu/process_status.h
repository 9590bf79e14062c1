/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel says about the memory of this process.
 */
#ifndef __PROCESS_STATUS_H
#define __PROCESS_STATUS_H

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static long page_size;

static void __attribute__((constructor)) setup_page_size(void)
{
	page_size = sysconf(_SC_PAGESIZE);
}

/* VmPin and the like, in pages */
static inline long status_pages(const char *name)
{
	char line[256], format[64];
	long kib = -1;
	FILE *f;

	f = fopen("/proc/self/status", "r");
	if (!f)
		return -1;
	snprintf(format, sizeof(format), "%s: %%ld kB", name);
	while (fgets(line, sizeof(line), f)) {
		int found = sscanf(line, format, &kib);

		if (found == 1)
			break;
	}
	fclose(f);
	return kib < 0 ? -1 : kib * 1024 / page_size;
}

#endif
