/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kernel that looks for leaks is one that checks itself in every way, and some
 * twenty times slower for that: what a test repeats, it repeats less often there.
 */
#ifndef __SLOW_KERNEL_H
#define __SLOW_KERNEL_H

#include <stdbool.h>
#include <unistd.h>

#define KMEMLEAK	"/sys/kernel/debug/kmemleak"

static inline bool is_slow_kernel(void)
{
	return !access(KMEMLEAK, W_OK);
}

#endif
