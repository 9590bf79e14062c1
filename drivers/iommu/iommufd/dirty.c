// SPDX-License-Identifier: GPL-2.0-only
/*
 * What devices wrote: switching the tracking of a table on and off, and reading
 * it into a bitmap of user space.
 *
 * The state is where the hardware keeps it, in the entries of the table; here
 * is only whether tracking is on (hwpt->dirty_tracking). A driver reads, and
 * clears, a run of entries that are in the same state.
 *
 * A scan goes from area to area, so that IOVAs without a mapping cost nothing.
 * A mapped area cannot be unmapped while iova_lock is held. That lock is taken
 * for so many runs at a time, and never while the bitmap is pinned.
 *
 * The bitmap is pinned in chunks, each where there is an area. A run may end
 * behind the pinned part, as its last entry can be large, and it was cleared
 * then as a whole: the scan keeps the end of such a run, and sets the rest of
 * its bits in the part that is pinned next.
 *
 * What was cleared is flushed from the IOTLB before the caller gets to know of
 * it: from there on the hardware marks all that is written. A scan of a range
 * can fail, as the bitmap is in user space; switching off cannot.
 */
#include <linux/iova_bitmap.h>
#include <linux/log2.h>
#include <linux/overflow.h>
#include <linux/sched/signal.h>

#include "iommufd_private.h"

/* Runs that are read with iova_lock held; each is of one page of the table */
#define RUNS_PER_LOCK 256
/* Bits of the bitmap that are pinned at a time */
#define BITS_PER_CHUNK (16 * PAGE_SIZE * BITS_PER_BYTE)
/* More entries than this are not flushed one by one */
#define FLUSH_ENTRIES 512

/**
 * struct dirty_scan - a table being read
 * @hwpt: the table
 * @last: last IOVA of interest
 * @clear: clear what is read
 * @next: what is below was read
 * @done: all was read
 * @chunk_last: last IOVA of the chunk of the bitmap that is read now
 * @bitmap: the pinned part of the bitmap, or NULL to clear only
 * @pinned_last: last IOVA that has a bit there
 * @dirty_last: end of the last dirty run, inclusive. The bits of what is behind
 *              @pinned_last are not set yet
 * @any_dirty: @dirty_first and @dirty_last are valid
 * @dirty_first: start of the first dirty run
 */
struct dirty_scan {
	struct iommufd_hwpt *hwpt;
	unsigned long last;
	bool clear;
	unsigned long next;
	bool done;
	unsigned long chunk_last;
	struct iova_bitmap *bitmap;
	unsigned long pinned_last;
	unsigned long dirty_last;
	bool any_dirty;
	unsigned long dirty_first;
};

static void set_bits(struct dirty_scan *scan, unsigned long iova,
		     unsigned long last)
{
	if (scan->bitmap)
		iova_bitmap_set(scan->bitmap, iova,
				min(last, scan->pinned_last) - iova + 1);
}

/* Returns false if it stopped before the end because *@runs went to 0 */
static bool scan_area(struct dirty_scan *scan, struct iommufd_area *area,
		      unsigned int *runs)
{
	struct iommu_domain *domain = scan->hwpt->domain;
	unsigned long last = min(area->last, scan->last);
	unsigned long iova = max(area->iova, scan->next);

	while (!scan->done && iova <= min(last, scan->pinned_last)) {
		unsigned long run_last;
		bool dirty;
		size_t run;

		if (!*runs)
			return false;
		--*runs;
		run = domain->dirty_ops->read_dirty(domain, iova,
						    last - iova + 1,
						    scan->clear, &dirty);
		run_last = run > last - iova ? last : iova + run - 1;
		if (dirty) {
			set_bits(scan, iova, run_last);
			if (!scan->any_dirty)
				scan->dirty_first = iova;
			scan->any_dirty = true;
			scan->dirty_last = run_last;
		}
		if (run_last == scan->last) {
			scan->done = true;
		} else {
			iova = run_last + 1;
			scan->next = iova;
		}
	}
	return true;
}

/* Read all up to pinned_last */
static int scan_pinned(struct dirty_scan *scan)
{
	struct iommufd_ioas *ioas = scan->hwpt->ioas;
	struct iommufd_area *area;
	bool complete;

	do {
		unsigned int runs = RUNS_PER_LOCK;

		if (fatal_signal_pending(current))
			return -EINTR;
		complete = true;
		down_read(&ioas->tables_lock);
		mutex_lock(&ioas->iova_lock);
		iommufd_for_each_area(area, ioas, scan->next,
				      scan->pinned_last) {
			/* Others are on their way into or out of the table */
			if (area->state != IOMMUFD_AREA_MAPPED || area->absent)
				continue;
			complete = scan_area(scan, area, &runs);
			if (!complete || scan->done)
				break;
		}
		mutex_unlock(&ioas->iova_lock);
		up_read(&ioas->tables_lock);
		cond_resched();
	} while (!complete);
	return 0;
}

/* A part of the bitmap is pinned: callback of iova_bitmap_for_each() */
static int scan_bitmap(struct iova_bitmap *bitmap, unsigned long iova,
		       size_t length, void *opaque)
{
	struct dirty_scan *scan = opaque;

	scan->bitmap = bitmap;
	/* What was mapped meanwhile before this part has no bits here */
	scan->next = max(scan->next, iova);
	/* The bitmap's length is of whole bytes at the end of the IOVAs */
	scan->pinned_last = iova + min(length - 1, scan->chunk_last - iova);
	if (scan->any_dirty && scan->dirty_last >= iova)
		set_bits(scan, iova, scan->dirty_last);
	return scan->done ? 0 : scan_pinned(scan);
}

/* Move *@iova to what is mapped next, if anything is up to @last */
static bool skip_gap(struct iommufd_ioas *ioas, unsigned long *iova,
		     unsigned long last)
{
	struct iommufd_area *area;

	down_read(&ioas->tables_lock);
	mutex_lock(&ioas->iova_lock);
	area = iommufd_area_first(ioas, *iova, last);
	if (area)
		*iova = max(*iova, area->iova);
	mutex_unlock(&ioas->iova_lock);
	up_read(&ioas->tables_lock);
	return area;
}

/* Read [iova, scan->last] into the bitmap at @data */
static int scan_to_user(struct dirty_scan *scan, unsigned long iova,
			unsigned long page_size, u8 __user *data)
{
	unsigned int shift = ilog2(page_size);
	unsigned long pos = iova;
	int rc = 0;

	while (!rc && skip_gap(scan->hwpt->ioas, &pos, scan->last)) {
		unsigned long first_bit = round_down((pos - iova) >> shift, 8);
		unsigned long first = iova + (first_bit << shift);
		unsigned long bits = ((scan->last - first) >> shift) + 1;
		struct iova_bitmap *bitmap;

		/* Wraps to the right value at the end of the IOVAs */
		bits = min(bits, BITS_PER_CHUNK);
		scan->chunk_last = first + (bits << shift) - 1;
		bitmap = iova_bitmap_alloc(first, scan->chunk_last - first + 1,
					   page_size,
					   (u64 __user *)(data + first_bit / 8));
		if (IS_ERR(bitmap))
			return PTR_ERR(bitmap);
		rc = iova_bitmap_for_each(bitmap, scan, scan_bitmap);
		iova_bitmap_free(bitmap);
		if (scan->chunk_last == scan->last)
			break;
		pos = scan->chunk_last + 1;
	}
	return rc;
}

/* Let the hardware look at entries that were cleared before it writes again */
static void flush_cleared(struct dirty_scan *scan)
{
	struct iommu_domain *domain = scan->hwpt->domain;
	unsigned long granule = 1UL << __ffs(domain->pgsize_bitmap);
	unsigned long length = scan->dirty_last - scan->dirty_first + 1;
	struct iommu_iotlb_gather gather;

	if (!scan->clear || !scan->any_dirty)
		return;
	down_read(&scan->hwpt->ioas->tables_lock);
	if (length > FLUSH_ENTRIES * granule) {
		iommu_flush_iotlb_all(domain);
	} else {
		iommu_iotlb_gather_init(&gather);
		iommu_iotlb_gather_add_range(&gather, scan->dirty_first,
					     length);
		gather.pgsize = granule;
		iommu_iotlb_sync(domain, &gather);
	}
	up_read(&scan->hwpt->ioas->tables_lock);
}

static int forget_all(struct iommufd_hwpt *hwpt)
{
	struct dirty_scan scan = {
		.hwpt = hwpt,
		.last = ULONG_MAX,
		.clear = true,
		.pinned_last = ULONG_MAX,
	};
	int rc;

	rc = scan_pinned(&scan);
	flush_cleared(&scan);
	return rc;
}

static int set_tracking(struct iommufd_hwpt *hwpt, bool enable)
{
	struct iommu_domain *domain = hwpt->domain;
	int rc = 0;

	lockdep_assert_held(&hwpt->dirty_lock);
	if (hwpt->dirty_tracking == enable)
		return 0;
	if (enable)
		rc = forget_all(hwpt);
	if (rc)
		return rc;
	down_read(&hwpt->ioas->tables_lock);
	rc = domain->dirty_ops->set_tracking(domain, enable);
	up_read(&hwpt->ioas->tables_lock);
	if (!rc)
		WRITE_ONCE(hwpt->dirty_tracking, enable);
	return rc;
}

int iommufd_hwpt_set_dirty_tracking(struct iommufd_call *call)
{
	struct iommu_hwpt_set_dirty_tracking *cmd = call->cmd;
	struct iommufd_hwpt *hwpt;
	int rc;

	if (cmd->flags & ~IOMMU_HWPT_DIRTY_TRACKING_ENABLE || cmd->__reserved)
		return -EOPNOTSUPP;
	hwpt = iommufd_get_hwpt(call->ictx, cmd->hwpt_id);
	if (IS_ERR(hwpt))
		return PTR_ERR(hwpt);
	if (hwpt->domain->dirty_ops) {
		mutex_lock(&hwpt->dirty_lock);
		rc = set_tracking(hwpt, cmd->flags &
					IOMMU_HWPT_DIRTY_TRACKING_ENABLE);
		mutex_unlock(&hwpt->dirty_lock);
	} else {
		rc = -EOPNOTSUPP;
	}
	iommufd_object_put(call->ictx, &hwpt->obj);
	return rc;
}

static int check_range(struct iommu_hwpt_get_dirty_bitmap *cmd,
		       struct iommu_domain *domain)
{
	u64 bytes, last;

	if (!is_power_of_2(cmd->page_size) || !cmd->length ||
	    (cmd->iova | cmd->length) & (cmd->page_size - 1))
		return -EINVAL;
	if (check_add_overflow(cmd->iova, cmd->length - 1, &last) ||
	    last > ULONG_MAX || cmd->page_size > ULONG_MAX)
		return -EOVERFLOW;
	if (cmd->page_size < 1UL << __ffs(domain->pgsize_bitmap))
		return -EINVAL;

	bytes = DIV_ROUND_UP_ULL(cmd->length >> ilog2(cmd->page_size), 8);
	if (!cmd->data || cmd->data > ULONG_MAX || bytes > ULONG_MAX ||
	    !access_ok(u64_to_user_ptr(cmd->data), bytes))
		return -EFAULT;
	return 0;
}

static int get_bitmap(struct iommufd_hwpt *hwpt,
		      struct iommu_hwpt_get_dirty_bitmap *cmd)
{
	struct dirty_scan scan = {
		.hwpt = hwpt,
		.last = cmd->iova + cmd->length - 1,
		.clear = !(cmd->flags & IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR),
		.next = cmd->iova,
	};
	int rc;

	if (!hwpt->domain->dirty_ops)
		return -EOPNOTSUPP;
	rc = check_range(cmd, hwpt->domain);
	if (rc)
		return rc;
	if (!READ_ONCE(hwpt->dirty_tracking))
		return -EINVAL;
	rc = scan_to_user(&scan, cmd->iova, cmd->page_size,
			  u64_to_user_ptr(cmd->data));
	flush_cleared(&scan);
	return rc;
}

int iommufd_hwpt_get_dirty_bitmap(struct iommufd_call *call)
{
	struct iommu_hwpt_get_dirty_bitmap *cmd = call->cmd;
	struct iommufd_hwpt *hwpt;
	int rc;

	if (cmd->flags & ~IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR ||
	    cmd->__reserved)
		return -EOPNOTSUPP;
	hwpt = iommufd_get_hwpt(call->ictx, cmd->hwpt_id);
	if (IS_ERR(hwpt))
		return PTR_ERR(hwpt);
	rc = get_bitmap(hwpt, cmd);
	iommufd_object_put(call->ictx, &hwpt->obj);
	return rc;
}
