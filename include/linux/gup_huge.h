/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __LINUX_GUP_HUGE_H
#define __LINUX_GUP_HUGE_H

struct page;

int pin_user_huge_fast(unsigned long start, unsigned long nr_pages,
		       unsigned int gup_flags, struct page **page);

#endif
