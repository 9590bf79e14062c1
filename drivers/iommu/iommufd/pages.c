// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory of an area, into and out of the hardware tables.
 *
 * Where page numbers are: an area in an IOAS with tables has every page pinned
 * once, and its page numbers are in each of the tables, nowhere else. To fill
 * a further table, and to unpin, they are read back from one of them
 * (ioas->storage). An area in an IOAS without tables holds no pages.
 *
 * Sharing: IOMMU_IOAS_COPY gives two areas the same memory. From then on both
 * have a holder, and hold the same share. A holder is in the share's tree,
 * by page number of the user address, exactly while its area has its pages
 * pinned. Whoever fills takes the pages that another holder has from the table
 * of that one instead of pinning them; whoever unfills leaves pinned what
 * another holder covers. share->lock makes both atomic. All of this costs an
 * area that is not shared the test of one pointer.
 *
 * Order when memory is let go: read the page numbers, unmap from all tables
 * and flush the IOTLBs, then unpin. It never fails and needs no memory: the
 * list of runs in between is on the stack if there is no better place.
 *
 * Locking: ioas->tables_lock of the area's IOAS is held, by fill_table() for
 * writing. An area being filled or unfilled is nobody else's business: it is
 * in state MAPPING or UNMAPPING, or tables_lock is held for writing.
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "iommufd_private.h"

/* Bytes of scratch memory for long ranges */
#define SCRATCH_PAGES (PAGE_SIZE)
#define SCRATCH_RUNS (32 * 1024)

struct run {
	phys_addr_t phys;
	unsigned long length;
};

/**
 * struct scratch - an array to work through a range in pieces
 * @pages: the array, of pages
 * @runs: the array, of runs
 * @entries: the array
 * @max: entries that it has room for
 * @stack: used for short ranges, and if there is no memory
 */
struct scratch {
	union {
		struct page **pages;
		struct run *runs;
		void *entries;
	};
	unsigned int max;
	union {
		struct page *pages[IOMMUFD_STACK_BATCH];
		struct run runs[IOMMUFD_STACK_BATCH / 2];
	} stack;
};

static void scratch_init(struct scratch *s, unsigned long npages,
			 size_t entry_size, size_t size)
{
	unsigned int max = size / entry_size;

#ifdef CONFIG_IOMMUFD_TEST
	max = clamp_t(size_t, iommufd_test_memory_limit / 12, 1, max);
#endif
	s->entries = &s->stack;
	s->max = min_t(unsigned int, max, sizeof(s->stack) / entry_size);
	if (npages <= s->max || max <= s->max)
		return;
	max = min_t(unsigned long, max, npages);
	s->entries = kmalloc_array(max, entry_size,
				   GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN);
	if (s->entries)
		s->max = max;
	else
		s->entries = &s->stack;
}

static void scratch_free(struct scratch *s)
{
	if (s->entries != &s->stack)
		kfree(s->entries);
}

static unsigned long area_first_page(const struct iommufd_area *area)
{
	return area->va >> PAGE_SHIFT;
}

static unsigned long area_last_page(const struct iommufd_area *area)
{
	return (area->va + (area->last - area->iova)) >> PAGE_SHIFT;
}

static unsigned long area_npages(const struct iommufd_area *area)
{
	return area_last_page(area) - area_first_page(area) + 1;
}

/* Are the pages of the area pinned to be written to? */
static bool area_pins_writeable(const struct iommufd_area *area)
{
	if (area->holder)
		return area->holder->share->writeable;
	return area->prot & IOMMU_WRITE;
}

/* The first other area that holds pages of [first, last] */
static struct iommufd_holder *other_holder(struct iommufd_area *area,
					   unsigned long first,
					   unsigned long last)
{
	struct interval_tree_node *node;

	if (!area->holder)
		return NULL;
	lockdep_assert_held(&area->holder->share->lock);
	node = interval_tree_iter_first(&area->holder->share->holders, first,
					last);
	return node ? container_of(node, struct iommufd_holder, pages) : NULL;
}

/*
 * Unpin the pages of a run that begins at @va, but for those that another area
 * holds. The area itself is not among the holders.
 */
static void release_run(struct iommufd_area *area, unsigned long va,
			phys_addr_t phys, unsigned long length)
{
	unsigned long first = va >> PAGE_SHIFT;
	unsigned long last = (va + length - 1) >> PAGE_SHIFT;
	unsigned long pfn = PHYS_PFN(phys);
	bool writeable = area_pins_writeable(area);
	unsigned long released = 0;

	/* The table has lost it: a leak is better than somebody else's page */
	if (WARN_ON_ONCE(!phys))
		return;
	while (first <= last) {
		struct iommufd_holder *other = other_holder(area, first, last);
		unsigned long n = last - first + 1;

		if (other && other->pages.start <= first) {
			n = min(other->pages.last, last) - first + 1;
		} else {
			if (other)
				n = other->pages.start - first;
			iommufd_unpin(pfn, n, writeable);
			released += n;
		}
		first += n;
		pfn += n;
	}
	iommufd_uncharge(area->payer, released);
}

static bool unmap_tables(struct iommufd_ioas *ioas, unsigned long iova,
			 unsigned long length)
{
	struct iommufd_hwpt *hwpt;
	bool unmapped = true;

	list_for_each_entry(hwpt, &ioas->tables, entry)
		unmapped &= iommufd_table_unmap(hwpt->domain, iova, length);
	return unmapped;
}

/*
 * Read runs from @iova on into the scratch array, until it is full or all
 * @length bytes are read. A run goes on as long as the memory is contiguous:
 * a page of the IOMMU must not be cut. Return how many bytes were read.
 */
static unsigned long read_runs(struct iommufd_ioas *ioas, unsigned long iova,
			       unsigned long length, struct scratch *s,
			       unsigned int *nruns)
{
	unsigned long done = 0;
	unsigned int n = 0;

	while (done < length) {
		struct run *prev = n ? &s->runs[n - 1] : NULL;
		struct run run;

		run.length = iommufd_table_read(ioas->storage->domain,
						iova + done, length - done,
						&run.phys);
		if (prev && prev->phys + prev->length == run.phys) {
			prev->length += run.length;
		} else {
			if (n == s->max)
				break;
			s->runs[n++] = run;
		}
		done += run.length;
	}
	*nruns = n;
	return done;
}

/* Unmap the first @length bytes of an area from all tables and unpin them */
static void unfill(struct iommufd_area *area, unsigned long length)
{
	struct iommufd_ioas *ioas = area->ioas;
	unsigned long done = 0;
	struct scratch s;

	scratch_init(&s, PFN_UP(length) + 1, sizeof(struct run), SCRATCH_RUNS);
	while (done < length) {
		unsigned long step, va;
		unsigned int nruns, i;

		step = read_runs(ioas, area->iova + done, length - done, &s,
				 &nruns);
		/* A leak is better than a device that writes to freed memory */
		if (!unmap_tables(ioas, area->iova + done, step))
			nruns = 0;
		va = area->va + done;
		for (i = 0; i < nruns; i++) {
			release_run(area, va, s.runs[i].phys, s.runs[i].length);
			va += s.runs[i].length;
		}
		done += step;
		cond_resched();
	}
	scratch_free(&s);
}

/**
 * struct fill - an area being filled
 * @area: the area
 * @done: bytes from its start that are mapped in all tables
 * @run: contiguous memory that comes next and is not mapped yet, so that it
 *       can still grow
 */
struct fill {
	struct iommufd_area *area;
	unsigned long done;
	struct run run;
};

static int fill_flush(struct fill *fill)
{
	struct iommufd_area *area = fill->area;
	struct iommufd_ioas *ioas = area->ioas;
	unsigned long iova = area->iova + fill->done;
	struct iommufd_hwpt *hwpt;
	bool leak = false;
	int rc;

	if (!fill->run.length)
		return 0;
	list_for_each_entry(hwpt, &ioas->tables, entry) {
		rc = iommufd_table_map(hwpt->domain, iova, fill->run.phys,
				       fill->run.length, area->prot,
				       ioas->huge_pages);
		if (rc)
			goto err_unmap;
	}
	fill->done += fill->run.length;
	fill->run.length = 0;
	return 0;

err_unmap:
	list_for_each_entry_continue_reverse(hwpt, &ioas->tables, entry)
		if (!iommufd_table_unmap(hwpt->domain, iova, fill->run.length))
			leak = true;
	if (leak)
		fill->run.length = 0;
	return rc;
}

static int fill_add(struct fill *fill, phys_addr_t phys, unsigned long length)
{
	int rc;

	if (fill->run.length && fill->run.phys + fill->run.length == phys) {
		fill->run.length += length;
		return 0;
	}
	rc = fill_flush(fill);
	if (rc)
		return rc;
	fill->run.phys = phys;
	fill->run.length = length;
	return 0;
}

/* The next byte of the area to be added */
static unsigned long fill_pos(const struct fill *fill)
{
	return fill->done + fill->run.length;
}

/* Add pinned pages; return how many were added before an error */
static long fill_add_pages(struct fill *fill, struct page **pages, long npages,
			   int *rc)
{
	struct iommufd_area *area = fill->area;
	unsigned long va = area->va + fill_pos(fill);
	unsigned long end = area->va + iommufd_area_length(area);
	long i;

	for (i = 0; i < npages; i++) {
		unsigned long offset = offset_in_page(va);
		unsigned long size = min(PAGE_SIZE - offset, end - va);

		*rc = fill_add(fill, page_to_phys(pages[i]) + offset, size);
		if (*rc)
			break;
		va += size;
	}
	return i;
}

/* Add @npages pages of the user's address space, which are pinned here */
static int fill_pin(struct fill *fill, struct scratch *s, unsigned long npages)
{
	struct iommufd_area *area = fill->area;
	bool writeable = area_pins_writeable(area);
	long pinned, added;
	int rc = 0;

	while (npages) {
		pinned = iommufd_pin(area->payer,
				     (area->va + fill_pos(fill)) & PAGE_MASK,
				     min_t(unsigned long, npages, s->max),
				     writeable, s->pages);
		if (pinned < 0)
			return pinned;
		added = fill_add_pages(fill, s->pages, pinned, &rc);
		if (rc) {
			unpin_user_pages(s->pages + added, pinned - added);
			iommufd_uncharge(area->payer, pinned - added);
			return rc;
		}
		npages -= pinned;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

/*
 * Add pages that another area has pinned, up to page @last, from the table of
 * that area's IOAS. Of its first and last page that area may have a part only:
 * any byte of a page tells where the page is.
 */
static int fill_from_holder(struct fill *fill, struct iommufd_area *other,
			    unsigned long last)
{
	struct iommufd_hwpt *storage = READ_ONCE(other->ioas->storage);
	struct iommufd_area *area = fill->area;
	unsigned long area_end = area->va + iommufd_area_length(area);
	unsigned long other_end = min(other->va + iommufd_area_length(other),
				      (last + 1) << PAGE_SHIFT);
	unsigned long va = area->va + fill_pos(fill);
	unsigned long from, run, end;
	phys_addr_t phys;
	int rc;

	while (va < area_end && va >> PAGE_SHIFT <= last) {
		from = max(va & PAGE_MASK, other->va);
		run = iommufd_table_read(storage->domain,
					 other->iova + (from - other->va),
					 other_end - from, &phys);
		end = min(PAGE_ALIGN(from + run), area_end);
		rc = fill_add(fill, phys + va - from, end - va);
		if (rc)
			return rc;
		va = end;
	}
	return 0;
}

static int fill_all(struct fill *fill)
{
	struct iommufd_area *area = fill->area;
	unsigned long page = area_first_page(area);
	unsigned long last = area_last_page(area);
	struct scratch s;
	int rc = 0;

	scratch_init(&s, area_npages(area), sizeof(struct page *),
		     SCRATCH_PAGES);
	while (page <= last && !rc) {
		struct iommufd_holder *other = other_holder(area, page, last);
		unsigned long n = last - page + 1;

		if (other && other->pages.start <= page) {
			n = min(other->pages.last, last) - page + 1;
			rc = fill_from_holder(fill, other->area, page + n - 1);
		} else {
			if (other)
				n = other->pages.start - page;
			rc = fill_pin(fill, &s, n);
		}
		page += n;
	}
	scratch_free(&s);
	return rc ?: fill_flush(fill);
}

/**
 * iommufd_area_fill() - pin the memory of an area and map it in all tables
 * @area: area whose pages are not pinned
 *
 * Does nothing if the IOAS has no tables.
 *
 * Return: 0, or an error; then nothing is pinned or mapped.
 */
int iommufd_area_fill(struct iommufd_area *area)
{
	struct iommufd_holder *holder = area->holder;
	struct fill fill = { .area = area };
	int rc;

	lockdep_assert_held(&area->ioas->tables_lock);
	if (!area->ioas->storage)
		return 0;
	if (holder)
		mutex_lock(&holder->share->lock);
	rc = fill_all(&fill);
	if (rc) {
		if (fill.run.length)
			release_run(area, area->va + fill.done, fill.run.phys,
				    fill.run.length);
		unfill(area, fill.done);
	} else if (holder) {
		interval_tree_insert(&holder->pages, &holder->share->holders);
	}
	if (holder)
		mutex_unlock(&holder->share->lock);
	return rc;
}

/**
 * iommufd_area_unfill() - unmap an area from all tables and let its pages go
 * @area: area whose pages are pinned if the IOAS has tables
 */
void iommufd_area_unfill(struct iommufd_area *area)
{
	struct iommufd_holder *holder = area->holder;

	lockdep_assert_held(&area->ioas->tables_lock);
	if (!area->ioas->storage)
		return;
	if (holder) {
		mutex_lock(&holder->share->lock);
		interval_tree_remove(&holder->pages, &holder->share->holders);
	}
	unfill(area, iommufd_area_length(area));
	if (holder)
		mutex_unlock(&holder->share->lock);
}

/**
 * iommufd_area_fill_table() - map an area in a further table
 * @area: area whose pages are pinned
 * @hwpt: table that is not yet among those of the IOAS
 *
 * Return: 0, or an error; then nothing of the area is mapped in @hwpt.
 */
int iommufd_area_fill_table(struct iommufd_area *area,
			    struct iommufd_hwpt *hwpt)
{
	struct iommufd_ioas *ioas = area->ioas;
	unsigned long length = iommufd_area_length(area);
	unsigned long mapped = 0;
	struct scratch s;
	int rc = 0;

	lockdep_assert_held_write(&ioas->tables_lock);
	scratch_init(&s, area_npages(area), sizeof(struct run), SCRATCH_RUNS);
	while (mapped < length && !rc) {
		unsigned int nruns, i;

		read_runs(ioas, area->iova + mapped, length - mapped, &s,
			  &nruns);
		for (i = 0; i < nruns && !rc; i++) {
			rc = iommufd_table_map(hwpt->domain,
					       area->iova + mapped,
					       s.runs[i].phys, s.runs[i].length,
					       area->prot, ioas->huge_pages);
			if (!rc)
				mapped += s.runs[i].length;
		}
		cond_resched();
	}
	scratch_free(&s);
	if (rc && mapped)
		iommufd_table_unmap(hwpt->domain, area->iova, mapped);
	return rc;
}

static struct iommufd_holder *alloc_holder(struct iommufd_area *area,
					   struct iommufd_share *share)
{
	struct iommufd_holder *holder;

	holder = kzalloc(sizeof(*holder), GFP_KERNEL_ACCOUNT);
	if (!holder)
		return NULL;
	holder->pages.start = area_first_page(area);
	holder->pages.last = area_last_page(area);
	holder->area = area;
	holder->share = share;
	return holder;
}

static int area_begin_share(struct iommufd_area *area)
{
	struct iommufd_share *share;

	share = kzalloc(sizeof(*share), GFP_KERNEL_ACCOUNT);
	if (!share)
		return -ENOMEM;
	refcount_set(&share->refs, 1);
	share->writeable = area->prot & IOMMU_WRITE;
	mutex_init(&share->lock);
	share->holders = RB_ROOT_CACHED;
	area->holder = alloc_holder(area, share);
	if (!area->holder) {
		kfree(share);
		return -ENOMEM;
	}
	if (area->ioas->storage)
		interval_tree_insert(&area->holder->pages, &share->holders);
	return 0;
}

/**
 * iommufd_area_share() - let two areas share their pages
 * @area: mapped area; ioas->iova_lock is held
 * @copy: new area of the same memory, or a part of it
 *
 * Return: 0 or -ENOMEM.
 */
int iommufd_area_share(struct iommufd_area *area, struct iommufd_area *copy)
{
	int rc;

	lockdep_assert_held(&area->ioas->tables_lock);
	lockdep_assert_held(&area->ioas->iova_lock);
	if (!area->holder) {
		rc = area_begin_share(area);
		if (rc)
			return rc;
	}
	copy->holder = alloc_holder(copy, area->holder->share);
	if (!copy->holder)
		return -ENOMEM;
	refcount_inc(&area->holder->share->refs);
	return 0;
}

/* Before an area is freed, with its pages let go */
void iommufd_area_unshare(struct iommufd_area *area)
{
	struct iommufd_share *share;

	if (!area->holder)
		return;
	share = area->holder->share;
	kfree(area->holder);
	area->holder = NULL;
	if (refcount_dec_and_test(&share->refs))
		kfree(share);
}

/* Wait until nobody reads the pages of @area from a table that goes away */
void iommufd_area_sync_holder(struct iommufd_area *area)
{
	if (!area->holder)
		return;
	mutex_lock(&area->holder->share->lock);
	mutex_unlock(&area->holder->share->lock);
}
