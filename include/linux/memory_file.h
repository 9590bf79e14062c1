/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __LINUX_MEMORY_FILE_H
#define __LINUX_MEMORY_FILE_H

#include <linux/types.h>

struct file;
struct page;

bool is_memory_file(struct file *file);
int may_pin_memory_file(struct file *file, bool writeable);
long pin_memory_file_pages(struct file *file, pgoff_t first,
			   unsigned long npages, bool writeable,
			   struct page **pages);

#endif
