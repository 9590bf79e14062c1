/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What tests ask of the rest of the kernel: capabilities, what it logged, where
 * memory is, what is pinned, and to run out of memory.
 */
#ifndef __HOST_H
#define __HOST_H

#include <linux/capability.h>
#include <stdio.h>

#include "process_status.h"
#include "vfio_ioctl.h"

#define TAINTED_USER	0x40UL

#define FAILSLAB	"/sys/kernel/debug/failslab/"

static inline int set_capability(int capability, bool on)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	__u32 bit = CAP_TO_MASK(capability);
	__u32 *effective = &data[CAP_TO_INDEX(capability)].effective;

	if (syscall(SYS_capget, &head, data))
		return -errno;
	*effective = on ? *effective | bit : *effective & ~bit;
	return syscall(SYS_capset, &head, data) ? -errno : 0;
}

static inline unsigned long kernel_taint(void)
{
	FILE *file = fopen("/proc/sys/kernel/tainted", "r");
	unsigned long value = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%lu", &value) != 1)
		value = 0;
	fclose(file);
	return value;
}

/* Has the kernel logged a line with both texts since kernel_log_open()? */
static inline bool is_logged(int log, const char *a, const char *b)
{
	char line[1024];
	ssize_t length;

	while ((length = read(log, line, sizeof(line) - 1)) > 0 ||
	       (length < 0 && errno == EPIPE)) {
		line[length > 0 ? length : 0] = 0;
		if (strstr(line, a) && strstr(line, b))
			return true;
	}
	return false;
}

/* The physical address of memory of this process, 0 if it is not there */
static inline __u64 phys_of(const void *va)
{
	__u64 entry = 0;
	int file = open("/proc/self/pagemap", O_RDONLY);

	if (file < 0)
		return 0;
	if (pread(file, &entry, sizeof(entry),
		  (uintptr_t)va / page_size * sizeof(entry)) != sizeof(entry) ||
	    !(entry >> 63))
		entry = 0;
	close(file);
	return entry ? (entry & ((1ULL << 55) - 1)) * page_size +
		       (uintptr_t)va % page_size : 0;
}

/* How many bytes from @va on, at most to @end, are contiguous? */
static inline __u64 contiguous(const __u8 *va, const __u8 *end)
{
	const __u8 *p = va - (uintptr_t)va % page_size + page_size;
	__u64 phys = phys_of(va);

	while (p < end && phys_of(p) == phys + (p - va))
		p += page_size;
	return (p < end ? p : end) - va;
}

static inline long long pinned_bytes(int fd)
{
	char path[64], line[256];
	long long value = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "r");
	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file)) {
		int found = sscanf(line, "iommu-pinned-bytes:\t%lld", &value);

		if (found == 1)
			break;
	}
	fclose(file);
	return value;
}

/* Pages that are pinned anywhere in the system */
static inline long system_pins(void)
{
	long acquired = -1, released = -1, value;
	char line[128], name[64];
	FILE *file;

	/* counts are per CPU; this adds them up */
	write_file("/proc/sys/vm/stat_refresh", "1");
	file = fopen("/proc/vmstat", "r");
	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file)) {
		int found = sscanf(line, "%63s %ld", name, &value);

		if (found != 2)
			continue;
		if (!strcmp(name, "nr_foll_pin_acquired"))
			acquired = value;
		if (!strcmp(name, "nr_foll_pin_released"))
			released = value;
	}
	fclose(file);
	return acquired < 0 || released < 0 ? -1 : acquired - released;
}

/*
 * From failslab_begin() to failslab_end() the allocations that this thread makes
 * fail once it has got @space bytes
 */
static inline int failslab_begin(unsigned int space)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", space);
	return write_file(FAILSLAB "verbose", "0") ?:
	       write_file(FAILSLAB "task-filter", "Y") ?:
	       write_file(FAILSLAB "ignore-gfp-wait", "N") ?:
	       write_file(FAILSLAB "times", "-1") ?:
	       write_file(FAILSLAB "space", text) ?:
	       write_file(FAILSLAB "probability", "100");
}

static inline int failslab_end(void)
{
	return write_file(FAILSLAB "probability", "0") ?:
	       write_file(FAILSLAB "space", "0") ?:
	       write_file(FAILSLAB "times", "1") ?:
	       write_file(FAILSLAB "ignore-gfp-wait", "Y") ?:
	       write_file(FAILSLAB "task-filter", "N");
}

#endif
