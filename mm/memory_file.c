// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages of memory files, pinned without a mapping.
 *
 * A memory file has its pages in memory and nowhere else: a memfd or another
 * file of shmem, or one of hugetlbfs. What is not there yet is allocated, as a
 * page fault would do. A pin for writing is like a shared writeable mapping:
 * the file must be open for writing and not be sealed against it, and it
 * cannot be sealed while the pins are there.
 *
 * The pins are long-term pins of FOLL_PIN: pages are migrated first from where
 * they must not stay for long. unpin_user_page() and its relatives undo them.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/falloc.h>
#include <linux/hugetlb.h>
#include <linux/memfd.h>
#include <linux/memory_file.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/shmem_fs.h>

#include "internal.h"

/**
 * is_memory_file() - can pages of a file be pinned here?
 * @file: any file
 *
 * Return: true for files of shmem and hugetlbfs.
 */
bool is_memory_file(struct file *file)
{
	return shmem_file(file) || is_file_hugepages(file);
}
EXPORT_SYMBOL_GPL(is_memory_file);

/**
 * may_pin_memory_file() - do mode and seals allow it?
 * @file: memory file
 * @writeable: pages will be written to
 *
 * Return: 0 or -EPERM.
 */
int may_pin_memory_file(struct file *file, bool writeable)
{
	long seals;

	if (!(file->f_mode & FMODE_READ))
		return -EPERM;
	if (!writeable)
		return 0;
	if (!(file->f_mode & FMODE_WRITE))
		return -EPERM;
	seals = memfd_fcntl(file, F_GET_SEALS, 0);
	if (seals > 0 && (seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)))
		return -EPERM;
	return 0;
}
EXPORT_SYMBOL_GPL(may_pin_memory_file);

static struct page *get_hugetlb_page(struct file *file, pgoff_t index)
{
	struct hstate *h = hstate_file(file);
	pgoff_t huge_index = index >> huge_page_order(h);
	struct page *page;
	int rc;

	if (index >= DIV_ROUND_UP(i_size_read(file_inode(file)), PAGE_SIZE))
		return ERR_PTR(-EFAULT);
	/* A hole can be punched again at any time */
	while (!(page = find_get_page(file->f_mapping, huge_index))) {
		rc = file->f_op->fallocate(file, FALLOC_FL_KEEP_SIZE,
					   (loff_t)huge_index <<
						   huge_page_shift(h),
					   huge_page_size(h));
		/* Not interrupted by signals that a page fault would not be by */
		if (rc == -EINTR && !fatal_signal_pending(current))
			rc = -ERESTARTNOINTR;
		if (rc)
			return ERR_PTR(rc);
	}
	if (PageHWPoison(page)) {
		put_page(page);
		return ERR_PTR(-EFAULT);
	}
	return nth_page(page, index & (pages_per_huge_page(h) - 1));
}

static struct page *get_shmem_page(struct file *file, pgoff_t index)
{
	struct page *page = shmem_read_mapping_page(file->f_mapping, index);

	/* Behind the end, or broken */
	if (page == ERR_PTR(-EINVAL) || page == ERR_PTR(-EIO))
		return ERR_PTR(-EFAULT);
	return page;
}

/* With a reference to its folio */
static struct page *get_memory_file_page(struct file *file, pgoff_t index)
{
	struct page *page;

	if (is_file_hugepages(file))
		page = get_hugetlb_page(file, index);
	else
		page = get_shmem_page(file, index);
	/* The filesystem is full */
	return page == ERR_PTR(-ENOSPC) ? ERR_PTR(-ENOMEM) : page;
}

static long pin_pages(struct file *file, pgoff_t first, unsigned long npages,
		      struct page **pages)
{
	unsigned long i;
	bool pinned;

	for (i = 0; i < npages; i++) {
		struct page *page;

		if (fatal_signal_pending(current))
			return i ? i : -EINTR;
		page = get_memory_file_page(file, first + i);
		if (IS_ERR(page))
			return i ? i : PTR_ERR(page);
		pinned = try_grab_page(page, FOLL_PIN);
		put_page(page);
		if (!pinned)
			return i ? i : -ENOMEM;
		pages[i] = page;
		cond_resched();
	}
	return i;
}

/**
 * pin_memory_file_pages() - pin pages of a memory file
 * @file: the file
 * @first: index of the first page
 * @npages: number of pages
 * @writeable: they will be written to
 * @pages: returns the pages
 *
 * Return: how many pages were pinned, at least one; or an error: -EFAULT behind
 * the end of the file or if the memory is broken, -EPERM if mode or seals of
 * the file do not allow it, -ENOMEM also if the filesystem is full, -EINTR.
 */
long pin_memory_file_pages(struct file *file, pgoff_t first,
			   unsigned long npages, bool writeable,
			   struct page **pages)
{
	unsigned int flags;
	long n, rc;

	rc = may_pin_memory_file(file, writeable);
	if (rc)
		return rc;
	/* No seal until the pins are there, which keep it off */
	if (writeable) {
		rc = mapping_map_writable(file->f_mapping);
		if (rc)
			return rc;
	}
	flags = memalloc_pin_save();
	do {
		n = pin_pages(file, first, npages, pages);
		if (n <= 0)
			break;
		rc = check_and_migrate_movable_pages(n, pages);
		if (rc)
			n = rc;
	} while (rc == -EAGAIN);
	memalloc_pin_restore(flags);
	if (writeable)
		mapping_unmap_writable(file->f_mapping);
	return n;
}
EXPORT_SYMBOL_GPL(pin_memory_file_pages);
