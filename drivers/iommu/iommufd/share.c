// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shares: memory that is pinned once for several users.
 *
 * Users are areas that were copied from one another, registered memory, and
 * users inside the kernel. Each area and each registered memory has a holder.
 * A holder is in the share's tree, by page number in the source, exactly while
 * all its pages are pinned; the page numbers are where it keeps them (a
 * hardware table, or the runs of registered memory). Areas of registered memory
 * are not in the tree: the registration is, which has all of their pages as long
 * as they are there. What users inside the kernel pin is counted page by page.
 *
 * Who needs a page takes it from another one that has it, and pins it only if
 * there is none. Who lets go of a page leaves it pinned if another one has it.
 * share->lock makes both atomic. All areas of a share have the same source, so
 * that it does not matter who was charged for a page.
 *
 * An area that is not shared has no holder: all of this costs it the test of
 * one pointer. A share is begun by IOMMU_IOAS_COPY, or by the first user
 * inside the kernel who works with an area.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "iommufd_private.h"

static struct iommufd_holder *alloc_holder(struct iommufd_area *area,
					   struct iommufd_share *share)
{
	struct iommufd_holder *holder;

	holder = kzalloc(sizeof(*holder), GFP_KERNEL_ACCOUNT);
	if (!holder)
		return NULL;
	holder->pages.start = iommufd_area_first_page(area);
	holder->pages.last = iommufd_area_last_page(area);
	holder->area = area;
	holder->share = share;
	return holder;
}

/**
 * iommufd_share_alloc() - make a share
 * @writeable: pages are pinned to be written to
 *
 * Return: the share, with a reference for its first holder, or NULL.
 */
struct iommufd_share *iommufd_share_alloc(bool writeable)
{
	struct iommufd_share *share;

	share = kzalloc(sizeof(*share), GFP_KERNEL_ACCOUNT);
	if (!share)
		return NULL;
	refcount_set(&share->refs, 1);
	share->writeable = writeable;
	mutex_init(&share->lock);
	share->holders = RB_ROOT_CACHED;
	xa_init_flags(&share->pinned, XA_FLAGS_ACCOUNT);
	return share;
}

void iommufd_share_put(struct iommufd_share *share)
{
	if (!refcount_dec_and_test(&share->refs))
		return;
	WARN_ON(!xa_empty(&share->pinned));
	kfree(share);
}

/**
 * iommufd_area_join() - let an area use the pages of a share
 * @area: area without a holder whose pages are not pinned
 * @share: share of the same source
 * @memory: registered memory that the share belongs to; its user that is counted
 *          already is @area from here on. Or NULL
 *
 * Return: 0 or -ENOMEM.
 */
int iommufd_area_join(struct iommufd_area *area, struct iommufd_share *share,
		      struct iommufd_object *memory)
{
	area->holder = alloc_holder(area, share);
	if (!area->holder)
		return -ENOMEM;
	area->holder->memory = memory;
	refcount_inc(&share->refs);
	return 0;
}

/**
 * iommufd_area_begin_share() - prepare an area to be shared
 * @area: mapped area; tables_lock and iova_lock are held
 *
 * Return: 0 or -ENOMEM.
 */
int iommufd_area_begin_share(struct iommufd_area *area)
{
	struct iommufd_share *share;
	int rc;

	lockdep_assert_held(&area->ioas->tables_lock);
	lockdep_assert_held(&area->ioas->iova_lock);
	if (area->holder)
		return 0;
	share = iommufd_share_alloc(area->prot & IOMMU_WRITE);
	if (!share)
		return -ENOMEM;
	rc = iommufd_area_join(area, share, NULL);
	if (!rc && area->ioas->storage)
		interval_tree_insert(&area->holder->pages, &share->holders);
	iommufd_share_put(share);
	return rc;
}

/**
 * iommufd_area_share() - let two areas share their pages
 * @area: mapped area; tables_lock and iova_lock are held
 * @copy: new area of the same memory, or a part of it
 *
 * Return: 0 or -ENOMEM.
 */
int iommufd_area_share(struct iommufd_area *area, struct iommufd_area *copy)
{
	struct iommufd_object *memory;
	int rc;

	/* There is nothing to be pinned */
	if (iommufd_area_is_mmio(area))
		return 0;
	rc = iommufd_area_begin_share(area);
	if (rc)
		return rc;
	memory = area->holder->memory;
	rc = iommufd_area_join(copy, area->holder->share, memory);
	/* It has a user already, and is not going away */
	if (!rc && memory)
		WARN_ON(iommufd_object_use(area->ioas->ictx, memory));
	return rc;
}

/* Before an area with a holder is freed, with its pages let go */
void iommufd_area_unshare(struct iommufd_area *area)
{
	struct iommufd_holder *holder = area->holder;

	WARN_ON(holder->users);
	area->holder = NULL;
	iommufd_share_put(holder->share);
	if (holder->memory)
		iommufd_object_unuse(area->source->ictx, holder->memory);
	kfree(holder);
}

/**
 * iommufd_share_next() - find out who has pages pinned
 * @share: the share, or NULL; its lock is held
 * @first: page number in the source
 * @last: another one, not below @first
 * @holder: returns the holder of @first, or NULL
 * @pinned: returns the page at @first if users inside the kernel have it, or
 *          NULL
 *
 * Return: number of pages from @first to at most @last that @holder has; or
 * that nobody has, if both are NULL.
 */
unsigned long iommufd_share_next(struct iommufd_share *share,
				 unsigned long first, unsigned long last,
				 struct iommufd_holder **holder,
				 struct iommufd_pinned **pinned)
{
	struct interval_tree_node *node;
	unsigned long index = first;
	void *entry;

	*holder = NULL;
	*pinned = NULL;
	if (!share)
		return last - first + 1;
	lockdep_assert_held(&share->lock);
	node = interval_tree_iter_first(&share->holders, first, last);
	if (node) {
		if (node->start <= first) {
			*holder = container_of(node, struct iommufd_holder,
					       pages);
			return min(node->last, last) - first + 1;
		}
		last = node->start - 1;
	}
	entry = xa_find(&share->pinned, &index, last, XA_PRESENT);
	if (entry) {
		if (index == first) {
			*pinned = entry;
			return 1;
		}
		last = index - 1;
	}
	return last - first + 1;
}

/**
 * iommufd_holder_read() - where pages of a holder are
 * @holder: in the tree of its share, whose lock is held
 * @pos: position in the source, in a page that the holder has
 * @length: bytes that are wanted
 * @phys: returns the physical address of @pos
 *
 * Return: bytes from @pos on that are contiguous, at most @length; 0 if the
 * table has lost the page.
 */
unsigned long iommufd_holder_read(struct iommufd_holder *holder,
				  unsigned long pos, unsigned long length,
				  phys_addr_t *phys)
{
	struct iommufd_area *area = holder->area;
	unsigned long area_end, from, end, run;
	struct iommufd_hwpt *storage;

	lockdep_assert_held(&holder->share->lock);
	if (!area)
		return iommufd_memory_read(holder, pos, length, phys);
	storage = READ_ONCE(area->ioas->storage);
	area_end = area->pos + iommufd_area_length(area);
	/* The area may begin and end inside of pages that it has */
	from = clamp(pos, area->pos, area_end - 1);
	end = clamp(pos + length, from + 1, area_end);
	run = iommufd_table_read(storage->domain, area->iova + from - area->pos,
				 end - from, phys);
	if (!*phys)
		return 0;
	*phys += pos - from;
	run = PAGE_ALIGN(from + run) - pos;
	return min(run, length);
}

/**
 * iommufd_holder_read_runs() - where many pages of a holder are
 * @holder: in the tree of its share, whose lock is held; or the registration that
 *          the caller is a user of
 * @pos: position in the source, in a page that the holder has
 * @length: bytes that are wanted
 * @runs: the memory is added here, as far as there is room
 *
 * Return: bytes from @pos on that were added; 0 if there is no room, or the
 * table has lost the page.
 */
unsigned long iommufd_holder_read_runs(struct iommufd_holder *holder,
				       unsigned long pos, unsigned long length,
				       struct iommu_runs *runs)
{
	struct iommufd_area *area = holder->area;
	unsigned long offset, area_length;
	struct iommufd_hwpt *storage;
	phys_addr_t phys;

	if (!area)
		return iommufd_memory_read_runs(holder, pos, length, runs);
	lockdep_assert_held(&holder->share->lock);
	offset = pos - area->pos;
	area_length = iommufd_area_length(area);
	if (pos >= area->pos && offset < area_length) {
		storage = READ_ONCE(area->ioas->storage);
		return iommu_read_runs(storage->domain, area->iova + offset,
				       min(length, area_length - offset), runs);
	}
	length = iommufd_holder_read(holder, pos, length, &phys);
	return length && iommu_runs_add(runs, phys, length) ? length : 0;
}

/* The page at @first if somebody has it, or NULL */
static struct page *held_page(struct iommufd_share *share, unsigned long first,
			      struct iommufd_pinned **pinned)
{
	struct iommufd_holder *holder;
	phys_addr_t phys;

	*pinned = xa_load(&share->pinned, first);
	if (*pinned)
		return (*pinned)->page;
	iommufd_share_next(share, first, first, &holder, pinned);
	if (!holder)
		return NULL;
	if (!iommufd_holder_read(holder, first << PAGE_SHIFT, PAGE_SIZE, &phys))
		return ERR_PTR(-EFAULT);
	return pfn_to_page(PHYS_PFN(phys));
}

static int pin_one(struct iommufd_area *area, unsigned long first,
		   struct page **page)
{
	struct iommufd_share *share = area->holder->share;
	struct iommufd_pinned *pinned, *new;
	long rc = 0;

	*page = held_page(share, first, &pinned);
	if (IS_ERR(*page))
		return PTR_ERR(*page);
	if (pinned) {
		pinned->count++;
		return 0;
	}
	new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	if (!new)
		return -ENOMEM;
	rc = xa_reserve(&share->pinned, first, GFP_KERNEL_ACCOUNT);
	if (rc)
		goto err_free;
	if (!*page) {
		rc = iommufd_pin(area->source, first << PAGE_SHIFT, 1,
				 share->writeable, page);
		if (rc < 0)
			goto err_release;
	}
	new->page = *page;
	new->count = 1;
	xa_store(&share->pinned, first, new, GFP_KERNEL);
	return 0;

err_release:
	xa_release(&share->pinned, first);
err_free:
	kfree(new);
	return rc;
}

static void unpin_one(struct iommufd_area *area, unsigned long first)
{
	struct iommufd_share *share = area->holder->share;
	struct iommufd_pinned *pinned = xa_load(&share->pinned, first);
	struct iommufd_holder *holder;
	struct iommufd_pinned *none;

	if (WARN_ON(!pinned) || --pinned->count)
		return;
	xa_erase(&share->pinned, first);
	iommufd_share_next(share, first, first, &holder, &none);
	if (!holder && !share->leak) {
		iommufd_unpin(page_to_pfn(pinned->page), 1, share->writeable);
		iommufd_uncharge(area->source, 1);
	}
	kfree(pinned);
}

/**
 * iommufd_share_pin() - pin pages for a user inside the kernel
 * @area: area that has a holder, with a user
 * @first: page number in the source
 * @npages: number of pages, all in the area
 * @pages: returns the pages
 *
 * Return: 0, or an error; then none is pinned.
 */
int iommufd_share_pin(struct iommufd_area *area, unsigned long first,
		      unsigned long npages, struct page **pages)
{
	struct iommufd_share *share = area->holder->share;
	unsigned long i;
	int rc = 0;

	mutex_lock(&share->lock);
	for (i = 0; i < npages && !rc; i++)
		rc = pin_one(area, first + i, &pages[i]);
	if (rc)
		for (i--; i--;)
			unpin_one(area, first + i);
	mutex_unlock(&share->lock);
	return rc;
}

/* Undo iommufd_share_pin(), or a part of it */
void iommufd_share_unpin(struct iommufd_area *area, unsigned long first,
			 unsigned long npages)
{
	struct iommufd_share *share = area->holder->share;
	unsigned long i;

	mutex_lock(&share->lock);
	for (i = 0; i < npages; i++)
		unpin_one(area, first + i);
	mutex_unlock(&share->lock);
}

static void copy_page_part(struct page *page, unsigned long offset, void *data,
			   unsigned long length, bool write)
{
	if (write)
		memcpy_to_page(page, offset, data, length);
	else
		memcpy_from_page(data, page, offset, length);
}

static int copy_in_page(struct iommufd_area *area, unsigned long pos,
			void *data, unsigned long length, bool write)
{
	struct iommufd_share *share = area->holder->share;
	struct iommufd_pinned *pinned;
	struct page *page;
	long rc;

	page = held_page(share, pos >> PAGE_SHIFT, &pinned);
	if (IS_ERR(page))
		return PTR_ERR(page);
	if (page) {
		copy_page_part(page, offset_in_page(pos), data, length, write);
		return 0;
	}
	rc = iommufd_pin_uncharged(area->source, pos & PAGE_MASK, 1, write,
				   &page);
	if (rc < 0)
		return rc;
	copy_page_part(page, offset_in_page(pos), data, length, write);
	iommufd_unpin(page_to_pfn(page), 1, write);
	return 0;
}

/**
 * iommufd_share_copy() - read or write memory of an area
 * @area: area that has a holder, with a user
 * @pos: position in the source
 * @data: kernel memory
 * @length: bytes, all in the area
 * @write: from @data to the area
 *
 * Reads and writes what a device does: pages that are pinned, if there are.
 *
 * Return: 0, or an error; then a part may have been copied.
 */
int iommufd_share_copy(struct iommufd_area *area, unsigned long pos,
		       void *data, unsigned long length, bool write)
{
	struct iommufd_share *share = area->holder->share;
	int rc = 0;

	mutex_lock(&share->lock);
	while (length && !rc) {
		unsigned long n = min(length, PAGE_SIZE - offset_in_page(pos));

		rc = copy_in_page(area, pos, data, n, write);
		pos += n;
		data += n;
		length -= n;
	}
	mutex_unlock(&share->lock);
	return rc;
}
