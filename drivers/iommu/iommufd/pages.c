// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory of an area, into and out of the hardware tables.
 *
 * Where page numbers are: an area in an IOAS with tables has every page pinned
 * once, and its page numbers are in each of the tables, nowhere else. To fill
 * a further table, and to unpin, they are read back from one of them
 * (ioas->storage). An area in an IOAS without tables holds no pages.
 *
 * Sharing (share.c): whoever fills takes the pages that somebody else has pinned
 * instead of pinning them; whoever unfills leaves those pinned. An area of
 * registered memory (memory.c) pins and unpins nothing.
 *
 * Order when memory is let go: unmap from all tables and flush the IOTLBs, then
 * unpin. The page numbers come from ioas->storage as it is unmapped. It never
 * fails and needs no memory: the list of runs in between is on the stack if
 * there is no better place.
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

/* Runs that are mapped together */
#define FILL_BATCH 16

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
		struct iommu_run *runs;
		void *entries;
	};
	unsigned int max;
	union {
		struct page *pages[IOMMUFD_STACK_BATCH];
		struct iommu_run runs[IOMMUFD_STACK_BATCH / 2];
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

static unsigned long area_npages(const struct iommufd_area *area)
{
	return iommufd_area_last_page(area) - iommufd_area_first_page(area) + 1;
}

/* Are the pages of the area pinned to be written to? */
static bool area_pins_writeable(const struct iommufd_area *area)
{
	if (area->holder)
		return area->holder->share->writeable;
	return area->prot & IOMMU_WRITE;
}

/* Does somebody have all its pages pinned as long as the area is there? */
static bool is_registered(const struct iommufd_area *area)
{
	return area->holder && area->holder->memory;
}

/* A device may still reach what the area had, whoever else has it, too */
static void keep_pinned(struct iommufd_area *area)
{
	if (area->holder)
		WRITE_ONCE(area->holder->share->leak, true);
}

static struct iommufd_share *area_share(const struct iommufd_area *area)
{
	return area->holder ? area->holder->share : NULL;
}

/*
 * Unpin the pages of a run that begins at @pos, but for those that somebody
 * else has. The area itself is not among the holders. Return how many were
 * unpinned, for the caller to uncharge.
 */
static unsigned long release_run(struct iommufd_area *area, unsigned long pos,
				 phys_addr_t phys, unsigned long length)
{
	unsigned long first = pos >> PAGE_SHIFT;
	unsigned long last = (pos + length - 1) >> PAGE_SHIFT;
	unsigned long pfn = PHYS_PFN(phys);
	bool writeable = area_pins_writeable(area);
	unsigned long released = 0;

	if (!area->holder) {
		iommufd_unpin(pfn, last - first + 1, writeable);
		return last - first + 1;
	}
	if (area->holder->share->leak)
		return 0;
	while (first <= last) {
		struct iommufd_holder *holder;
		struct iommufd_pinned *pinned;
		unsigned long n;

		n = iommufd_share_next(area_share(area), first, last, &holder,
				       &pinned);
		if (!holder && !pinned) {
			iommufd_unpin(pfn, n, writeable);
			released += n;
		}
		first += n;
		pfn += n;
	}
	return released;
}

static void release_runs(struct iommufd_area *area, unsigned long pos,
			 const struct iommu_runs *runs)
{
	unsigned long released = 0;
	unsigned int i;

	if (is_registered(area))
		return;
	for (i = 0; i < runs->count; i++) {
		released += release_run(area, pos, runs->runs[i].phys,
					runs->runs[i].length);
		pos += runs->runs[i].length;
	}
	iommufd_uncharge(area->source, released);
}

/* Unmap from the tables that page numbers are not read from */
static bool unmap_other_tables(struct iommufd_ioas *ioas, unsigned long iova,
			       unsigned long length)
{
	struct iommufd_hwpt *hwpt;
	bool unmapped = true;

	list_for_each_entry(hwpt, &ioas->tables, entry)
		if (hwpt != ioas->storage)
			unmapped &= iommufd_table_unmap(hwpt->domain, iova,
							length);
	return unmapped;
}

/* Unmap the first @length bytes of an area from all tables and unpin them */
static noinline_for_stack void unfill(struct iommufd_area *area,
				      unsigned long length)
{
	struct iommufd_ioas *ioas = area->ioas;
	struct iommu_runs runs;
	unsigned long done = 0;
	struct scratch s;

	scratch_init(&s, PFN_UP(length) + 1, sizeof(*s.runs), SCRATCH_RUNS);
	runs.runs = s.runs;
	runs.max = s.max;
	while (done < length) {
		unsigned long iova = area->iova + done;
		unsigned long step = iommufd_table_take(ioas->storage->domain,
							iova, length - done,
							&runs);

		if (!step) {
			keep_pinned(area);
			step = length - done;
		}
		/* A leak is better than a device that writes to freed memory */
		if (unmap_other_tables(ioas, iova, step))
			release_runs(area, area->pos + done, &runs);
		else
			keep_pinned(area);
		done += step;
		cond_resched();
	}
	scratch_free(&s);
}

/**
 * struct fill - an area being filled
 * @area: the area
 * @done: bytes from its start that are mapped in all tables
 * @added: bytes that come next and are not mapped yet
 * @runs: their memory; the last one can still grow
 * @stack: room for them
 */
struct fill {
	struct iommufd_area *area;
	unsigned long done;
	unsigned long added;
	struct iommu_runs runs;
	struct iommu_run stack[FILL_BATCH];
};

/*
 * Map runs of an area in all tables. After an error they are in none, unless a
 * driver failed to unmap them: then @runs is made empty, as the memory must
 * stay pinned.
 */
static int map_tables(struct iommufd_area *area, unsigned long iova,
		      struct iommu_runs *runs, unsigned long length)
{
	struct iommufd_ioas *ioas = area->ioas;
	struct iommufd_hwpt *hwpt;
	bool leak = false;
	int rc;

	list_for_each_entry(hwpt, &ioas->tables, entry) {
		rc = iommufd_table_map(hwpt->domain, iova, runs->runs,
				       runs->count, area->prot,
				       ioas->huge_pages);
		if (rc)
			goto err_unmap;
	}
	return 0;

err_unmap:
	list_for_each_entry_continue_reverse(hwpt, &ioas->tables, entry)
		if (!iommufd_table_unmap(hwpt->domain, iova, length))
			leak = true;
	if (leak) {
		runs->count = 0;
		keep_pinned(area);
	}
	return rc;
}

static int fill_flush(struct fill *fill)
{
	struct iommufd_area *area = fill->area;
	int rc;

	rc = map_tables(area, area->iova + fill->done, &fill->runs,
			fill->added);
	if (rc)
		return rc;
	fill->done += fill->added;
	fill->added = 0;
	fill->runs.count = 0;
	return 0;
}

static int fill_add(struct fill *fill, phys_addr_t phys, unsigned long length)
{
	int rc;

	if (!iommu_runs_add(&fill->runs, phys, length)) {
		rc = fill_flush(fill);
		if (rc)
			return rc;
		iommu_runs_add(&fill->runs, phys, length);
	}
	fill->added += length;
	return 0;
}

/* The next byte of the area to be added */
static unsigned long fill_pos(const struct fill *fill)
{
	return fill->done + fill->added;
}

/* How many of the pages are contiguous, from the first one on? */
static unsigned long contiguous_pages(struct page **pages, unsigned long npages)
{
	unsigned long pfn = page_to_pfn(pages[0]);
	unsigned long n;

	for (n = 1; n < npages && page_to_pfn(pages[n]) == pfn + n; n++)
		;
	return n;
}

/* Add pinned pages that are contiguous */
static int fill_add_run(struct fill *fill, struct page *page,
			unsigned long npages)
{
	struct iommufd_area *area = fill->area;
	unsigned long pos = area->pos + fill_pos(fill);
	unsigned long end = area->pos + iommufd_area_length(area);
	unsigned long offset = offset_in_page(pos);

	return fill_add(fill, page_to_phys(page) + offset,
			min(npages * PAGE_SIZE - offset, end - pos));
}

/* Add pinned pages; return how many were added before an error */
static unsigned long fill_add_pages(struct fill *fill, struct page **pages,
				    unsigned long npages, int *rc)
{
	unsigned long i, n;

	for (i = 0; i < npages; i += n) {
		n = contiguous_pages(pages + i, npages - i);
		*rc = fill_add_run(fill, pages[i], n);
		if (*rc)
			break;
	}
	return i;
}

/* Pin at most @npages pages and add them; return how many */
static unsigned long fill_pin_next(struct fill *fill, struct scratch *s,
				   unsigned long npages, int *rc)
{
	struct iommufd_area *area = fill->area;
	unsigned long pos = (area->pos + fill_pos(fill)) & PAGE_MASK;
	bool writeable = area_pins_writeable(area);
	unsigned long added;
	struct page *page;
	long n;

	n = iommufd_pin_huge(area->source, pos, npages, writeable, &page);
	if (n) {
		*rc = fill_add_run(fill, page, n);
		if (!*rc)
			return n;
		iommufd_unpin(page_to_pfn(page), n, false);
		return 0;
	}

	/* Not beyond where a huge page may begin */
	npages = min(npages, (PMD_SIZE - (pos & ~PMD_MASK)) >> PAGE_SHIFT);
	n = iommufd_pin_uncharged(area->source, pos,
				  min_t(unsigned long, npages, s->max),
				  writeable, s->pages);
	if (n < 0) {
		*rc = n;
		return 0;
	}
	added = fill_add_pages(fill, s->pages, n, rc);
	unpin_user_pages(s->pages + added, n - added);
	return added;
}

/* Add @npages pages of the source, which are pinned here */
static int fill_pin(struct fill *fill, struct scratch *s, unsigned long npages)
{
	struct iommufd_source *source = fill->area->source;
	int rc;

	rc = iommufd_charge(source, npages);
	if (rc)
		return rc;
	for (;;) {
		npages -= fill_pin_next(fill, s, npages, &rc);
		if (!npages || rc)
			break;
		if (fatal_signal_pending(current)) {
			rc = -EINTR;
			break;
		}
		cond_resched();
	}
	iommufd_uncharge(source, npages);
	return rc;
}

/* Add @npages pages that somebody else has pinned */
static int fill_from_holder(struct fill *fill, struct iommufd_holder *holder,
			    unsigned long npages)
{
	struct iommufd_area *area = fill->area;
	unsigned long pos = area->pos + fill_pos(fill);
	unsigned long end = min((pos & PAGE_MASK) + npages * PAGE_SIZE,
				area->pos + iommufd_area_length(area));
	unsigned long n;
	int rc;

	while (pos < end) {
		n = iommufd_holder_read_runs(holder, pos, end - pos,
					     &fill->runs);
		fill->added += n;
		pos += n;
		if (n)
			continue;
		/* The list is full, or the page is lost */
		if (!fill->runs.count)
			return -EFAULT;
		rc = fill_flush(fill);
		if (rc)
			return rc;
		cond_resched();
	}
	return 0;
}

static int fill_all(struct fill *fill)
{
	struct iommufd_area *area = fill->area;
	unsigned long page = iommufd_area_first_page(area);
	unsigned long last = iommufd_area_last_page(area);
	struct iommufd_pinned *pinned;
	struct iommufd_holder *holder;
	struct scratch s;
	int rc = 0;

	if (is_registered(area)) {
		holder = iommufd_memory_holder(area->holder->memory);
		return fill_from_holder(fill, holder, area_npages(area)) ?:
		       fill_flush(fill);
	}
	scratch_init(&s, area_npages(area), sizeof(struct page *),
		     SCRATCH_PAGES);
	while (page <= last && !rc) {
		unsigned long n = iommufd_share_next(area_share(area), page,
						     last, &holder, &pinned);

		if (holder)
			rc = fill_from_holder(fill, holder, n);
		else if (pinned)
			rc = fill_add_run(fill, pinned->page, 1);
		else
			rc = fill_pin(fill, &s, n);
		page += n;
	}
	scratch_free(&s);
	return rc ?: fill_flush(fill);
}

static noinline_for_stack int fill_area(struct iommufd_area *area)
{
	struct fill fill = {
		.area = area,
		.runs.runs = fill.stack,
		.runs.max = ARRAY_SIZE(fill.stack),
	};
	int rc;

	rc = fill_all(&fill);
	if (rc) {
		release_runs(area, area->pos + fill.done, &fill.runs);
		unfill(area, fill.done);
	}
	return rc;
}

static int fill_shared_area(struct iommufd_area *area)
{
	struct iommufd_holder *holder = area->holder;
	int rc;

	mutex_lock(&holder->share->lock);
	rc = fill_area(area);
	if (!rc)
		interval_tree_insert(&holder->pages, &holder->share->holders);
	mutex_unlock(&holder->share->lock);
	return rc;
}

/*
 * Areas of one page, which are not shared but for registered memory: there can be
 * very many, so these do the same as fill_area() and unfill() with as little as it
 * takes.
 */
static int find_or_pin_page(struct iommufd_area *area, struct iommu_run *run)
{
	struct page *page;
	long pinned;

	if (is_registered(area)) {
		iommufd_memory_read(iommufd_memory_holder(area->holder->memory),
				    area->pos, run->length, &run->phys);
		return 0;
	}
	pinned = iommufd_pin(area->source, area->pos & PAGE_MASK, 1,
			     area->prot & IOMMU_WRITE, &page);
	if (pinned < 0)
		return pinned;
	run->phys = page_to_phys(page) + offset_in_page(area->pos);
	return 0;
}

static int fill_page(struct iommufd_area *area)
{
	struct iommu_run run = { .length = iommufd_area_length(area) };
	struct iommu_runs runs = { .runs = &run, .count = 1, .max = 1 };
	int rc;

	rc = find_or_pin_page(area, &run);
	if (rc)
		return rc;
	rc = map_tables(area, area->iova, &runs, run.length);
	if (rc)
		release_runs(area, area->pos, &runs);
	return rc;
}

static void unfill_page(struct iommufd_area *area)
{
	struct iommufd_ioas *ioas = area->ioas;
	unsigned long length = iommufd_area_length(area);
	struct iommu_run run;
	struct iommu_runs runs = { .runs = &run, .max = 1 };
	unsigned long taken;

	taken = iommufd_table_take(ioas->storage->domain, area->iova, length,
				   &runs);
	/* A leak is better than a device that writes to freed memory */
	if (!unmap_other_tables(ioas, area->iova, length) || taken != length) {
		keep_pinned(area);
		return;
	}
	if (is_registered(area))
		return;
	iommufd_unpin(PHYS_PFN(run.phys), 1, area->prot & IOMMU_WRITE);
	iommufd_uncharge(area->source, 1);
}

static bool area_is_one_page(const struct iommufd_area *area)
{
	return (!area->holder || is_registered(area)) && area_npages(area) == 1;
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
	lockdep_assert_held(&area->ioas->tables_lock);
	if (!area->ioas->storage)
		return 0;
	if (iommufd_area_is_mmio(area))
		return iommufd_mmio_fill(area);
	if (area_is_one_page(area))
		return fill_page(area);
	if (area->holder && !is_registered(area))
		return fill_shared_area(area);
	return fill_area(area);
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
	if (iommufd_area_is_mmio(area)) {
		iommufd_mmio_unfill(area);
		return;
	}
	if (area_is_one_page(area)) {
		unfill_page(area);
		return;
	}
	if (is_registered(area)) {
		unfill(area, iommufd_area_length(area));
		return;
	}
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
	struct iommu_runs runs;
	struct scratch s;
	int rc = 0;

	lockdep_assert_held_write(&ioas->tables_lock);
	if (iommufd_area_is_mmio(area))
		return iommufd_mmio_fill_table(area, hwpt);
	scratch_init(&s, area_npages(area), sizeof(*s.runs), SCRATCH_RUNS);
	runs.runs = s.runs;
	runs.max = s.max;
	while (mapped < length && !rc) {
		unsigned long step;

		step = iommufd_table_read_runs(ioas->storage->domain,
					       area->iova + mapped,
					       length - mapped, &runs);
		/* The table has lost it */
		if (WARN_ON_ONCE(!step)) {
			rc = -EFAULT;
			break;
		}
		rc = iommufd_table_map(hwpt->domain, area->iova + mapped,
				       runs.runs, runs.count, area->prot,
				       ioas->huge_pages);
		if (!rc)
			mapped += step;
		cond_resched();
	}
	scratch_free(&s);
	if (rc && mapped)
		iommufd_table_unmap(hwpt->domain, area->iova, mapped);
	return rc;
}

/* Wait until nobody reads the pages of @area from a table that goes away */
void iommufd_area_sync_holder(struct iommufd_area *area)
{
	if (!area->holder)
		return;
	mutex_lock(&area->holder->share->lock);
	mutex_unlock(&area->holder->share->lock);
}
