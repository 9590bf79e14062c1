// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registered memory: pinned and charged once, however often it is mapped.
 *
 * A registration is a holder of its share (share.c) without an area: it has its
 * pages from beginning to end, as runs of contiguous memory in an array that
 * does not change. An area that maps a part of it belongs to the share, as do its
 * copies, and is a user of the registration's object, which therefore cannot be
 * destroyed before the last one is gone. So the area takes its pages from the
 * array without a lock, is not in the tree of the share's holders, and has
 * nothing to let go.
 *
 * Which memory is registered is in ictx->memories, under memories_lock.
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "iommufd_private.h"

/* Pages that are pinned at once */
#define PIN_BATCH 512

/**
 * struct memory_run - pages of a registration that are contiguous
 * @page: first page, by its number in the source
 * @pfn: its page frame number
 * @npages: number of pages
 */
struct memory_run {
	unsigned long page;
	unsigned long pfn;
	unsigned long npages;
};

/**
 * struct iommufd_memory - a registration
 * @obj: object
 * @ictx: context
 * @entry: in ictx->memories
 * @source: the memory of the process that registered it
 * @start: first byte, as position in the source
 * @last: last byte, inclusive
 * @holder: of all its pages
 * @runs: where they are, in order
 * @nruns: number of runs
 * @room: number of runs that there is room for
 */
struct iommufd_memory {
	struct iommufd_object obj;
	struct iommufd_ctx *ictx;
	struct list_head entry;
	struct iommufd_source *source;
	unsigned long start;
	unsigned long last;
	struct iommufd_holder holder;
	struct memory_run *runs;
	unsigned long nruns;
	unsigned long room;
};

static int add_page(struct iommufd_memory *memory, unsigned long number,
		    struct page *page)
{
	struct memory_run *run = memory->runs + memory->nruns - 1;

	if (memory->nruns && run->pfn + run->npages == page_to_pfn(page)) {
		run->npages++;
		return 0;
	}
	if (memory->nruns == memory->room) {
		unsigned long room = max(2 * memory->room, 16UL);
		struct memory_run *runs;

		runs = kvrealloc(memory->runs, memory->room * sizeof(*run),
				 room * sizeof(*run), GFP_KERNEL_ACCOUNT);
		if (!runs)
			return -ENOMEM;
		memory->runs = runs;
		memory->room = room;
	}
	run = memory->runs + memory->nruns++;
	run->page = number;
	run->pfn = page_to_pfn(page);
	run->npages = 1;
	return 0;
}

static void unpin_runs(struct iommufd_memory *memory)
{
	bool writeable = memory->holder.share->writeable;
	unsigned long i;

	for (i = 0; i < memory->nruns && !memory->holder.share->leak; i++) {
		iommufd_unpin(memory->runs[i].pfn, memory->runs[i].npages,
			      writeable);
		iommufd_uncharge(memory->source, memory->runs[i].npages);
		cond_resched();
	}
	kvfree(memory->runs);
}

/* Pin at most PIN_BATCH pages from @number on; return how many */
static long pin_some(struct iommufd_memory *memory, unsigned long number,
		     struct page **pages)
{
	bool writeable = memory->holder.share->writeable;
	unsigned long npages = memory->holder.pages.last - number + 1;
	long n, i;
	int rc;

	n = iommufd_pin(memory->source, number << PAGE_SHIFT,
			min_t(unsigned long, npages, PIN_BATCH), writeable,
			pages);
	for (i = 0; i < n; i++) {
		rc = add_page(memory, number + i, pages[i]);
		if (rc) {
			unpin_user_pages(pages + i, n - i);
			iommufd_uncharge(memory->source, n - i);
			return rc;
		}
	}
	return n;
}

static int pin_all(struct iommufd_memory *memory)
{
	unsigned long number = memory->holder.pages.start;
	struct page **pages;
	long n = 0;

	pages = kmalloc_array(PIN_BATCH, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	while (number <= memory->holder.pages.last) {
		n = pin_some(memory, number, pages);
		if (n >= 0 && fatal_signal_pending(current))
			n = -EINTR;
		if (n < 0)
			break;
		number += n;
		cond_resched();
	}
	kfree(pages);
	return n < 0 ? n : 0;
}

/* The run that a page is in */
static struct memory_run *find_run(struct iommufd_memory *memory,
				   unsigned long number)
{
	unsigned long low = 0, high = memory->nruns - 1;

	while (low < high) {
		unsigned long mid = high - (high - low) / 2;

		if (memory->runs[mid].page <= number)
			low = mid;
		else
			high = mid - 1;
	}
	return &memory->runs[low];
}

static phys_addr_t run_phys(const struct memory_run *run, unsigned long pos)
{
	return PFN_PHYS(run->pfn) + (pos - (run->page << PAGE_SHIFT));
}

static unsigned long run_end(const struct memory_run *run)
{
	return (run->page + run->npages) << PAGE_SHIFT;
}

/* The holder of a registration, by its object */
struct iommufd_holder *iommufd_memory_holder(struct iommufd_object *obj)
{
	return &container_of(obj, struct iommufd_memory, obj)->holder;
}

/**
 * iommufd_memory_read() - where pages of registered memory are
 * @holder: the registration's
 * @pos: position in the source, in a page that the holder has
 * @length: bytes that are wanted
 * @phys: returns the physical address of @pos
 *
 * Return: bytes from @pos on that are contiguous, at most @length.
 */
unsigned long iommufd_memory_read(struct iommufd_holder *holder,
				  unsigned long pos, unsigned long length,
				  phys_addr_t *phys)
{
	struct iommufd_memory *memory =
		container_of(holder, struct iommufd_memory, holder);
	const struct memory_run *run = find_run(memory, pos >> PAGE_SHIFT);

	*phys = run_phys(run, pos);
	return min(length, run_end(run) - pos);
}

/**
 * iommufd_memory_read_runs() - where many pages of registered memory are
 * @holder: the registration's
 * @pos: position in the source, in a page that the holder has
 * @length: bytes that are wanted, all of which it has
 * @runs: the memory is added here, as far as there is room
 *
 * Return: bytes from @pos on that were added.
 */
unsigned long iommufd_memory_read_runs(struct iommufd_holder *holder,
				       unsigned long pos, unsigned long length,
				       struct iommu_runs *runs)
{
	struct iommufd_memory *memory =
		container_of(holder, struct iommufd_memory, holder);
	const struct memory_run *run = find_run(memory, pos >> PAGE_SHIFT);
	unsigned long done = 0;

	while (done < length) {
		unsigned long n = min(length - done, run_end(run) - pos - done);

		if (!iommu_runs_add(runs, run_phys(run, pos + done), n))
			break;
		done += n;
		run++;
	}
	return done;
}

/* Registered memory that has all of a new area, with one user more; or NULL */
static struct iommufd_memory *find_memory(struct iommufd_area *area)
{
	struct iommufd_ctx *ictx = area->source->ictx;
	unsigned long last = area->pos + area->last;
	struct iommufd_memory *memory;

	spin_lock(&ictx->memories_lock);
	list_for_each_entry(memory, &ictx->memories, entry) {
		if (area->pos < memory->start || last > memory->last ||
		    !iommufd_source_same_process(memory->source, area->source))
			continue;
		if ((area->prot & IOMMU_WRITE) &&
		    !memory->holder.share->writeable)
			continue;
		if (iommufd_object_use(ictx, &memory->obj))
			continue;
		spin_unlock(&ictx->memories_lock);
		return memory;
	}
	spin_unlock(&ictx->memories_lock);
	return NULL;
}

/**
 * iommufd_memory_join() - let an area use the pages of registered memory
 * @area: new area, not in an IOAS yet; left alone if not all of its memory is
 *        registered
 *
 * Return: 0 or -ENOMEM.
 */
int iommufd_memory_join(struct iommufd_area *area)
{
	struct iommufd_memory *memory;
	int rc;

	memory = find_memory(area);
	if (!memory)
		return 0;
	rc = iommufd_area_join(area, memory->holder.share, &memory->obj);
	if (rc)
		iommufd_object_unuse(memory->ictx, &memory->obj);
	return rc;
}

static void free_holder(struct iommufd_memory *memory)
{
	iommufd_share_put(memory->holder.share);
	iommufd_source_put(memory->source);
}

static int init_memory(struct iommufd_memory *memory,
		       struct iommufd_ctx *ictx, u64 start, u64 length,
		       bool writeable)
{
	memory->ictx = ictx;
	memory->source = iommufd_source_get_current(ictx);
	if (IS_ERR(memory->source))
		return PTR_ERR(memory->source);
	memory->start = start;
	memory->last = start + length - 1;
	memory->holder.pages.start = memory->start >> PAGE_SHIFT;
	memory->holder.pages.last = memory->last >> PAGE_SHIFT;
	memory->holder.share = iommufd_share_alloc(writeable);
	if (!memory->holder.share) {
		iommufd_source_put(memory->source);
		return -ENOMEM;
	}
	return 0;
}

/* From here on areas can join */
static void publish(struct iommufd_memory *memory)
{
	struct iommufd_holder *holder = &memory->holder;

	interval_tree_insert(&holder->pages, &holder->share->holders);
	spin_lock(&memory->ictx->memories_lock);
	list_add(&memory->entry, &memory->ictx->memories);
	spin_unlock(&memory->ictx->memories_lock);
	iommufd_object_publish(memory->ictx, &memory->obj);
}

int iommufd_memory_register(struct iommufd_call *call)
{
	struct iommu_memory_register *cmd = call->cmd;
	struct iommufd_ctx *ictx = call->ictx;
	struct iommufd_memory *memory;
	int rc;

	if (cmd->__reserved || cmd->flags & ~IOMMU_MEMORY_REGISTER_WRITEABLE)
		return -EOPNOTSUPP;
	/* What is charged to a process is so no more when it has ended */
	if (ictx->free_mode && list_empty_careful(&ictx->groups))
		return -EPERM;
	rc = iommufd_check_range(cmd->user_va, cmd->length);
	if (rc)
		return rc;
	memory = iommufd_object_alloc(call->ictx, memory, IOMMUFD_OBJ_MEMORY);
	if (IS_ERR(memory))
		return PTR_ERR(memory);
	rc = init_memory(memory, ictx, untagged_addr(cmd->user_va), cmd->length,
			 cmd->flags & IOMMU_MEMORY_REGISTER_WRITEABLE);
	if (rc)
		goto err_abort;
	rc = pin_all(memory);
	if (rc)
		goto err_unpin;
	cmd->out_memory_id = memory->obj.id;
	rc = iommufd_respond(call, sizeof(*cmd));
	if (rc)
		goto err_unpin;
	publish(memory);
	return 0;

err_unpin:
	unpin_runs(memory);
	free_holder(memory);
err_abort:
	iommufd_object_abort(call->ictx, &memory->obj);
	return rc;
}

void iommufd_memory_destroy(struct iommufd_ctx *ictx,
			    struct iommufd_object *obj)
{
	struct iommufd_memory *memory =
		container_of(obj, struct iommufd_memory, obj);
	struct iommufd_holder *holder = &memory->holder;

	spin_lock(&ictx->memories_lock);
	list_del(&memory->entry);
	spin_unlock(&ictx->memories_lock);
	/* Nobody else has the share */
	interval_tree_remove(&holder->pages, &holder->share->holders);
	unpin_runs(memory);
	free_holder(memory);
}
