// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whose memory it is: pinning pages of a process, and who pays for them.
 *
 * A payer is a process that mapped memory, as it was then: its mm, its user,
 * and what counts against its RLIMIT_MEMLOCK. All areas that the process maps
 * share one. A payer holds the mm_struct, not the address space: when the
 * process is gone what is pinned stays, and pinning more gives EFAULT.
 *
 * A page is charged before it is pinned and uncharged after it is unpinned:
 * in mm->pinned_vm always, and, unless the process may lock any amount of
 * memory (CAP_IPC_LOCK), either in the user's locked_vm or in mm->locked_vm,
 * as IOMMU_OPTION_RLIMIT_MODE says.
 */
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sched/user.h>
#include <linux/slab.h>

#include "iommufd_private.h"

static struct iommufd_payer *find_payer(struct iommufd_ctx *ictx,
					enum iommufd_pay_mode mode)
{
	struct iommufd_payer *payer;

	lockdep_assert_held(&ictx->payers_lock);
	list_for_each_entry(payer, &ictx->payers, entry)
		if (payer->mm == current->mm && payer->mode == mode &&
		    payer->task == current->group_leader &&
		    payer->user == current_user())
			return payer;
	return NULL;
}

/* The current process as a payer */
struct iommufd_payer *iommufd_payer_get(struct iommufd_ctx *ictx)
{
	enum iommufd_pay_mode mode = IOMMUFD_PAY_USER;
	struct iommufd_payer *payer, *new;

	if (!current->mm)
		return ERR_PTR(-EINVAL);
	if (capable(CAP_IPC_LOCK))
		mode = IOMMUFD_PAY_NONE;
	else if (ictx->rlimit_mode)
		mode = IOMMUFD_PAY_MM;

	spin_lock(&ictx->payers_lock);
	payer = find_payer(ictx, mode);
	if (payer)
		refcount_inc(&payer->refs);
	spin_unlock(&ictx->payers_lock);
	if (payer)
		return payer;

	new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	if (!new)
		return ERR_PTR(-ENOMEM);
	refcount_set(&new->refs, 1);
	new->ictx = ictx;
	new->mode = mode;
	new->mm = current->mm;
	mmgrab(new->mm);
	new->task = get_task_struct(current->group_leader);
	new->user = get_uid(current_user());

	/* A thread of the process may have added one; two do no harm */
	spin_lock(&ictx->payers_lock);
	list_add(&new->entry, &ictx->payers);
	spin_unlock(&ictx->payers_lock);
	return new;
}

struct iommufd_payer *iommufd_payer_ref(struct iommufd_payer *payer)
{
	refcount_inc(&payer->refs);
	return payer;
}

static void free_payer(struct iommufd_payer *payer)
{
	free_uid(payer->user);
	put_task_struct(payer->task);
	mmdrop(payer->mm);
	kfree(payer);
}

void iommufd_payer_put(struct iommufd_payer *payer)
{
	struct iommufd_ctx *ictx = payer->ictx;
	bool last;

	if (refcount_dec_not_one(&payer->refs))
		return;
	/* find_payer() must not find it and lose it */
	spin_lock(&ictx->payers_lock);
	last = refcount_dec_and_test(&payer->refs);
	if (last)
		list_del(&payer->entry);
	spin_unlock(&ictx->payers_lock);
	if (last)
		free_payer(payer);
}

static int charge_user(struct iommufd_payer *payer, unsigned long npages)
{
	unsigned long limit = task_rlimit(payer->task, RLIMIT_MEMLOCK) >>
			      PAGE_SHIFT;
	long old = atomic_long_read(&payer->user->locked_vm);

	do {
		if (npages > limit || old > limit - npages)
			return -ENOMEM;
	} while (!atomic_long_try_cmpxchg(&payer->user->locked_vm, &old,
					  old + npages));
	return 0;
}

static int charge(struct iommufd_payer *payer, unsigned long npages)
{
	int rc = 0;

	switch (payer->mode) {
	case IOMMUFD_PAY_NONE:
		break;
	case IOMMUFD_PAY_USER:
		rc = charge_user(payer, npages);
		break;
	case IOMMUFD_PAY_MM:
		if (mmap_write_lock_killable(payer->mm))
			return -EINTR;
		rc = __account_locked_vm(payer->mm, npages, true, payer->task,
					 false);
		mmap_write_unlock(payer->mm);
		break;
	}
	if (!rc)
		atomic64_add(npages, &payer->mm->pinned_vm);
	return rc;
}

/* Take back the charge for pages that were unpinned */
void iommufd_uncharge(struct iommufd_payer *payer, unsigned long npages)
{
	if (!npages)
		return;
	atomic64_sub(npages, &payer->mm->pinned_vm);
	switch (payer->mode) {
	case IOMMUFD_PAY_NONE:
		break;
	case IOMMUFD_PAY_USER:
		atomic_long_sub(npages, &payer->user->locked_vm);
		break;
	case IOMMUFD_PAY_MM:
		mmap_write_lock(payer->mm);
		__account_locked_vm(payer->mm, npages, false, payer->task,
				    false);
		mmap_write_unlock(payer->mm);
		break;
	}
}

/*
 * A private mapping that the process can write to gets a page of its own at
 * the first write. A pin for reading does not bring that forward, and the
 * device would go on to read the page from before. So pin as if to write.
 *
 * Return how many of @npages have one answer.
 */
static unsigned long pin_private(struct mm_struct *mm, unsigned long va,
				 unsigned long npages, unsigned int *flags)
{
	struct vm_area_struct *vma;

	mmap_assert_locked(mm);
	vma = find_vma(mm, va);
	if (!vma || vma->vm_start > va)
		return npages;
	if (is_cow_mapping(vma->vm_flags) && (vma->vm_flags & VM_WRITE))
		*flags |= FOLL_WRITE;
	return min(npages, (vma->vm_end - va) >> PAGE_SHIFT);
}

static long pin_current(struct mm_struct *mm, unsigned long va,
			unsigned long npages, bool writeable,
			struct page **pages)
{
	unsigned int flags = FOLL_LONGTERM;

	if (writeable) {
		flags |= FOLL_WRITE;
	} else {
		mmap_read_lock(mm);
		npages = pin_private(mm, va, npages, &flags);
		mmap_read_unlock(mm);
	}
	return pin_user_pages_fast(va, npages, flags, pages);
}

static long pin_remote(struct mm_struct *mm, unsigned long va,
		       unsigned long npages, bool writeable,
		       struct page **pages)
{
	unsigned int flags = FOLL_LONGTERM;
	long n;

	if (!mmget_not_zero(mm))
		return -EFAULT;
	mmap_read_lock(mm);
	if (writeable)
		flags |= FOLL_WRITE;
	else
		npages = pin_private(mm, va, npages, &flags);
	/* FOLL_LONGTERM cannot be had by who lets the lock be dropped */
	n = pin_user_pages_remote(mm, va, npages, flags, pages, NULL, NULL);
	mmap_read_unlock(mm);
	mmput(mm);
	return n;
}

/**
 * iommufd_pin() - pin pages of a process and charge for them
 * @payer: the process
 * @va: user address, page aligned
 * @npages: how many at most
 * @writeable: the device may write
 * @pages: returns the pages
 *
 * Return: how many pages were pinned, at least one; or an error: -ENOMEM over
 * the limit, -EFAULT if there is no such memory.
 */
long iommufd_pin(struct iommufd_payer *payer, unsigned long va,
		 unsigned long npages, bool writeable, struct page **pages)
{
	long n;
	int rc;

	rc = charge(payer, npages);
	if (rc)
		return rc;
	if (payer->mm == current->mm)
		n = pin_current(payer->mm, va, npages, writeable, pages);
	else
		n = pin_remote(payer->mm, va, npages, writeable, pages);
	if (WARN_ON(!n))
		n = -EFAULT;
	iommufd_uncharge(payer, npages - max(n, 0L));
	return n;
}

/* Unpin pages that are contiguous; the caller uncharges */
void iommufd_unpin(unsigned long pfn, unsigned long npages, bool writeable)
{
	unpin_user_page_range_dirty_lock(pfn_to_page(pfn), npages, writeable);
}
