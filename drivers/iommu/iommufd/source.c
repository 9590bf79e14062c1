// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sources: memory that areas can map, and who pays for it.
 *
 * All areas of a context that map memory of one kind, for one process, share a
 * source: the address space of a process (here), or a file (file.c). A source
 * finds and pins pages by their position in it.
 *
 * The payer of a source is the process that mapped it, as it was then: its mm,
 * its user, and what counts against its RLIMIT_MEMLOCK. A source of user memory
 * holds the mm_struct, not the address space: when the process is gone what is
 * pinned stays, and pinning more gives EFAULT.
 *
 * A page is charged before it is pinned and uncharged after it is unpinned:
 * in mm->pinned_vm always, and, unless the process may lock any amount of
 * memory (CAP_IPC_LOCK), either in the user's locked_vm or in mm->locked_vm,
 * as IOMMU_OPTION_RLIMIT_MODE says.
 */
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/gup_huge.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sched/user.h>
#include <linux/slab.h>

#include "iommufd_private.h"
#include "trace.h"

/*
 * Payers
 */

static enum iommufd_pay_mode current_pay_mode(struct iommufd_ctx *ictx)
{
	if (capable(CAP_IPC_LOCK))
		return IOMMUFD_PAY_NONE;
	return ictx->rlimit_mode ? IOMMUFD_PAY_MM : IOMMUFD_PAY_USER;
}

static bool payer_is_current(const struct iommufd_payer *payer,
			     enum iommufd_pay_mode mode)
{
	return payer->mm == current->mm && payer->mode == mode &&
	       payer->task == current->group_leader &&
	       payer->cred->user == current_user();
}

/* The same without a look at the capabilities, if the credentials are the same */
static bool payer_is_unchanged(const struct iommufd_payer *payer)
{
	return payer->mm == current->mm && payer->cred == current_cred() &&
	       payer->task == current->group_leader;
}

static void payer_init(struct iommufd_payer *payer, enum iommufd_pay_mode mode)
{
	payer->mode = mode;
	payer->mm = current->mm;
	mmgrab(payer->mm);
	payer->task = get_task_struct(current->group_leader);
	payer->cred = get_current_cred();
}

static void payer_release(struct iommufd_payer *payer)
{
	put_cred(payer->cred);
	put_task_struct(payer->task);
	mmdrop(payer->mm);
}

static int charge_user(const struct iommufd_payer *payer, unsigned long npages)
{
	unsigned long limit = task_rlimit(payer->task, RLIMIT_MEMLOCK) >>
			      PAGE_SHIFT;
	struct user_struct *user = payer->cred->user;
	long old = atomic_long_read(&user->locked_vm);

	do {
		if (npages > limit || old > limit - npages)
			return -ENOMEM;
	} while (!atomic_long_try_cmpxchg(&user->locked_vm, &old,
					  old + npages));
	return 0;
}

/* Is what both are charged with in the same counter? */
static bool same_account(const struct iommufd_payer *a,
			 const struct iommufd_payer *b)
{
	if (a->mode != b->mode)
		return false;
	switch (a->mode) {
	case IOMMUFD_PAY_NONE:
		return true;
	case IOMMUFD_PAY_USER:
		return a->cred->user == b->cred->user;
	case IOMMUFD_PAY_MM:
		return a->mm == b->mm;
	}
	return false;
}

static int charge_account(const struct iommufd_payer *payer,
			  unsigned long npages)
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
	return rc;
}

static void uncharge_account(const struct iommufd_payer *payer,
			     unsigned long npages)
{
	switch (payer->mode) {
	case IOMMUFD_PAY_NONE:
		break;
	case IOMMUFD_PAY_USER:
		atomic_long_sub(npages, &payer->cred->user->locked_vm);
		break;
	case IOMMUFD_PAY_MM:
		mmap_write_lock(payer->mm);
		__account_locked_vm(payer->mm, npages, false, payer->task,
				    false);
		mmap_write_unlock(payer->mm);
		break;
	}
}

static inline int charge(const struct iommufd_payer *payer,
			 unsigned long npages)
{
	int rc = 0;

	if (payer->mode != IOMMUFD_PAY_NONE)
		rc = charge_account(payer, npages);
	if (!rc)
		atomic64_add(npages, &payer->mm->pinned_vm);
	return rc;
}

static void uncharge(const struct iommufd_payer *payer, unsigned long npages)
{
	atomic64_sub(npages, &payer->mm->pinned_vm);
	if (payer->mode != IOMMUFD_PAY_NONE)
		uncharge_account(payer, npages);
}

/*
 * Sources
 */

/* The inode number of a file, or 0 */
unsigned long iommufd_source_ino(const struct iommufd_source *source)
{
	return source->ops == &iommufd_file_memory ?
	       file_inode(source->object)->i_ino : 0;
}

/* Are both memory of the same process, whoever pays for it? */
bool iommufd_source_same_process(const struct iommufd_source *a,
				 const struct iommufd_source *b)
{
	/* The payer of other kinds may change meanwhile */
	return a->ops == &iommufd_user_memory && b->ops == a->ops &&
	       a->payer.mm == b->payer.mm;
}

/*
 * A source that is there already, with a reference, or NULL. Without a mode only
 * those that were made with the credentials of now are looked at.
 */
static struct iommufd_source *
find_source(struct iommufd_ctx *ictx, const struct iommufd_source_ops *ops,
	    const void *object, const enum iommufd_pay_mode *mode)
{
	struct iommufd_source *source, *found = NULL;

	spin_lock(&ictx->sources_lock);
	list_for_each_entry(source, &ictx->sources, entry) {
		if (source->ops != ops || source->object != object)
			continue;
		if (!(mode ? payer_is_current(&source->payer, *mode) :
			     payer_is_unchanged(&source->payer)))
			continue;
		refcount_inc(&source->refs);
		found = source;
		break;
	}
	spin_unlock(&ictx->sources_lock);
	return found;
}

/**
 * iommufd_source_get() - a source that the current process pays for
 * @ictx: context
 * @ops: its kind
 * @object: memory is that of this file, for example; NULL for that of the
 *          process
 *
 * Return: the source, with a reference for the caller, or an ERR_PTR.
 */
struct iommufd_source *iommufd_source_get(struct iommufd_ctx *ictx,
					  const struct iommufd_source_ops *ops,
					  void *object)
{
	struct iommufd_source *source, *new;
	enum iommufd_pay_mode mode;

	if (!current->mm)
		return ERR_PTR(-EINVAL);
	source = find_source(ictx, ops, object, NULL);
	if (source)
		return source;
	mode = current_pay_mode(ictx);
	source = find_source(ictx, ops, object, &mode);
	if (source)
		return source;

	new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	if (!new)
		return ERR_PTR(-ENOMEM);
	refcount_set(&new->refs, 1);
	new->ictx = ictx;
	new->ops = ops;
	new->object = object;
	if (ops->init)
		ops->init(new, object);
	mutex_init(&new->payer_lock);
	payer_init(&new->payer, mode);

	/*
	 * A thread of the process may have added one; two do no harm. At the
	 * end, where lock_sources() can do without it.
	 */
	spin_lock(&ictx->sources_lock);
	list_add_tail(&new->entry, &ictx->sources);
	spin_unlock(&ictx->sources_lock);
	return new;
}

/* The memory of the current process */
struct iommufd_source *iommufd_source_get_current(struct iommufd_ctx *ictx)
{
	return iommufd_source_get(ictx, &iommufd_user_memory, NULL);
}

struct iommufd_source *iommufd_source_ref(struct iommufd_source *source)
{
	refcount_inc(&source->refs);
	return source;
}

void iommufd_source_put(struct iommufd_source *source)
{
	struct iommufd_ctx *ictx = source->ictx;
	bool last;

	if (refcount_dec_not_one(&source->refs))
		return;
	/* find_source() must not find it and lose it */
	spin_lock(&ictx->sources_lock);
	last = refcount_dec_and_test(&source->refs);
	if (last)
		list_del(&source->entry);
	spin_unlock(&ictx->sources_lock);
	if (!last)
		return;
	WARN_ON(atomic_long_read(&source->pinned));
	payer_release(&source->payer);
	if (source->ops->release)
		source->ops->release(source);
	kfree(source);
}

/* The payer of user memory never changes */
static void lock_payer(struct iommufd_source *source)
{
	if (source->ops->payer_changes)
		mutex_lock(&source->payer_lock);
}

static void unlock_payer(struct iommufd_source *source)
{
	if (source->ops->payer_changes)
		mutex_unlock(&source->payer_lock);
}

static __always_inline int charge_source(struct iommufd_source *source,
					 unsigned long npages)
{
	int rc;

	lock_payer(source);
	rc = charge(&source->payer, npages);
	if (!rc)
		atomic_long_add(npages, &source->pinned);
	unlock_payer(source);
	return rc;
}

/**
 * iommufd_charge() - charge for pages that will be pinned
 * @source: memory
 * @npages: how many
 *
 * Return: 0, or -ENOMEM over the limit, -EINTR.
 */
int iommufd_charge(struct iommufd_source *source, unsigned long npages)
{
	return charge_source(source, npages);
}

/* Take back the charge for pages that were unpinned, or not pinned */
void iommufd_uncharge(struct iommufd_source *source, unsigned long npages)
{
	if (!npages)
		return;
	lock_payer(source);
	uncharge(&source->payer, npages);
	atomic_long_sub(npages, &source->pinned);
	unlock_payer(source);
}

/*
 * The payer of files
 */

/* All sources, with their payers locked, or an error; -EINVAL: not only files */
static int lock_sources(struct iommufd_ctx *ictx,
			struct iommufd_source ***sources)
{
	struct iommufd_source *source, **found;
	unsigned int room = 0, n = 0, i;
	bool others = false;

	lockdep_assert_held(&ictx->change_lock);
	spin_lock(&ictx->sources_lock);
	list_for_each_entry(source, &ictx->sources, entry)
		room++;
	spin_unlock(&ictx->sources_lock);
	found = kvcalloc(room + 1, sizeof(*found), GFP_KERNEL_ACCOUNT);
	if (!found)
		return -ENOMEM;

	/* One that is added from here on belongs to who adds it */
	spin_lock(&ictx->sources_lock);
	list_for_each_entry(source, &ictx->sources, entry) {
		if (!source->ops->payer_changes) {
			others = true;
			break;
		}
		if (n < room) {
			refcount_inc(&source->refs);
			found[n++] = source;
		}
	}
	spin_unlock(&ictx->sources_lock);
	if (others) {
		for (i = 0; i < n; i++)
			iommufd_source_put(found[i]);
		kvfree(found);
		return -EINVAL;
	}
	for (i = 0; i < n; i++)
		mutex_lock_nest_lock(&found[i]->payer_lock, &ictx->change_lock);
	*sources = found;
	return n;
}

/* The current process pays instead of another one; its account is charged */
static void set_payer(struct iommufd_source *source,
		      enum iommufd_pay_mode mode)
{
	struct iommufd_payer old = source->payer;
	unsigned long pinned = atomic_long_read(&source->pinned);
	struct iommufd_payer new;

	payer_init(&new, mode);
	atomic64_sub(pinned, &old.mm->pinned_vm);
	atomic64_add(pinned, &new.mm->pinned_vm);
	if (!same_account(&old, &new))
		uncharge_account(&old, pinned);
	spin_lock(&source->ictx->sources_lock);
	source->payer = new;
	spin_unlock(&source->ictx->sources_lock);
	payer_release(&old);
}

/*
 * Charge the current process for what others pay, in all sources. What is in its
 * account already is not charged again, but has to be within its limit, too.
 */
static int charge_current(struct iommufd_source **sources, int n,
			  enum iommufd_pay_mode mode)
{
	struct iommufd_payer new;
	unsigned long moved = 0, added = 0;
	int i, rc = 0;

	payer_init(&new, mode);
	for (i = 0; i < n; i++) {
		const struct iommufd_payer *old = &sources[i]->payer;
		unsigned long pinned = atomic_long_read(&sources[i]->pinned);

		if (payer_is_current(old, mode))
			continue;
		moved += pinned;
		if (!same_account(old, &new))
			added += pinned;
	}
	if (moved)
		rc = charge_account(&new, added);
	payer_release(&new);
	return rc;
}

/**
 * iommufd_sources_change_payer() - make the current process pay for all files
 * @ictx: context
 *
 * Return: 0, or an error and nothing has changed: -EINVAL if other memory than
 * that of files is mapped; -ENOMEM over the limit of the process.
 */
int iommufd_sources_change_payer(struct iommufd_ctx *ictx)
{
	enum iommufd_pay_mode mode = current_pay_mode(ictx);
	struct iommufd_source **sources;
	int i, n, rc;

	if (!current->mm)
		return -EINVAL;
	mutex_lock(&ictx->change_lock);
	n = lock_sources(ictx, &sources);
	if (n < 0) {
		rc = n;
		goto out_unlock;
	}
	rc = charge_current(sources, n, mode);
	for (i = 0; i < n; i++)
		if (!rc && !payer_is_current(&sources[i]->payer, mode))
			set_payer(sources[i], mode);
	/* All before any is freed: lockdep holds them for one lock */
	for (i = 0; i < n; i++)
		mutex_unlock(&sources[i]->payer_lock);
	for (i = 0; i < n; i++)
		iommufd_source_put(sources[i]);
	kvfree(sources);
out_unlock:
	mutex_unlock(&ictx->change_lock);
	return rc;
}

/*
 * Pinning
 */

/* For iommufd_pin(), of which there can be very many, all for one page */
static __always_inline long pin_pages(struct iommufd_source *source,
				      unsigned long pos, unsigned long npages,
				      bool writeable, struct page **pages)
{
	long n = source->ops->pin(source, pos, npages, writeable, pages);

	if (n > 0)
		trace_iommufd_pin(source, pos, npages, n, writeable);
	return WARN_ON(!n) ? -EFAULT : n;
}

/**
 * iommufd_pin() - pin pages and charge for them
 * @source: memory
 * @pos: position in the source, page aligned
 * @npages: how many at most
 * @writeable: the device may write
 * @pages: returns the pages
 *
 * Return: how many pages were pinned, at least one; or an error: -ENOMEM over
 * the limit, -EFAULT if there is no such memory.
 */
long iommufd_pin(struct iommufd_source *source, unsigned long pos,
		 unsigned long npages, bool writeable, struct page **pages)
{
	long n;
	int rc;

	rc = charge_source(source, npages);
	if (rc)
		return rc;
	n = pin_pages(source, pos, npages, writeable, pages);
	if (n != npages)
		iommufd_uncharge(source, npages - max(n, 0L));
	return n;
}

/* The same, but the caller charges; or nobody, if it is for a moment */
long iommufd_pin_uncharged(struct iommufd_source *source, unsigned long pos,
			   unsigned long npages, bool writeable,
			   struct page **pages)
{
	return pin_pages(source, pos, npages, writeable, pages);
}

/**
 * iommufd_pin_huge() - pin pages of one huge page at once
 * @source: memory
 * @pos: position in the source, page aligned
 * @npages: how many at most
 * @writeable: the device may write
 * @page: returns the first page; the others follow it in memory
 *
 * The caller charges.
 *
 * Return: how many pages were pinned; 0 if there is no huge page at @pos, or
 * not one that can be pinned this way.
 */
unsigned long iommufd_pin_huge(struct iommufd_source *source, unsigned long pos,
			       unsigned long npages, bool writeable,
			       struct page **page)
{
	unsigned long n;

	if (!source->ops->pin_huge)
		return 0;
	n = source->ops->pin_huge(source, pos, npages, writeable, page);
	if (n)
		trace_iommufd_pin(source, pos, npages, n, writeable);
	return n;
}

/* Unpin pages that are contiguous; the caller uncharges */
void iommufd_unpin(unsigned long pfn, unsigned long npages, bool writeable)
{
	struct page *page = pfn_to_page(pfn);

	/* There can be very many of one page */
	if (npages != 1) {
		unpin_user_page_range_dirty_lock(page, npages, writeable);
		return;
	}
	if (writeable && !folio_test_dirty(page_folio(page)))
		set_page_dirty_lock(page);
	unpin_user_page(page);
}

/*
 * Memory of a process
 */

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

	lockdep_assert_held(&mm->mmap_lock);
	vma = find_vma(mm, va);
	if (!vma || vma->vm_start > va)
		return npages;
	if (is_cow_mapping(vma->vm_flags) && (vma->vm_flags & VM_WRITE))
		*flags |= FOLL_WRITE;
	return min(npages, (vma->vm_end - va) >> PAGE_SHIFT);
}

static unsigned int current_read_flags(unsigned long va, unsigned long *npages)
{
	struct mm_struct *mm = current->mm;
	unsigned int flags = FOLL_LONGTERM;

	mmap_read_lock(mm);
	*npages = pin_private(mm, va, *npages, &flags);
	mmap_read_unlock(mm);
	return flags;
}

/* How to pin memory of the current process; may lower @npages */
static inline unsigned int current_pin_flags(unsigned long va,
					     unsigned long *npages,
					     bool writeable)
{
	if (writeable)
		return FOLL_LONGTERM | FOLL_WRITE;
	return current_read_flags(va, npages);
}

static long pin_current(unsigned long va, unsigned long npages, bool writeable,
			struct page **pages)
{
	unsigned int flags = current_pin_flags(va, &npages, writeable);

	/* It pins nothing of the last page that there can be */
	return pin_user_pages_fast(va, npages, flags, pages) ?: -EFAULT;
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

static long pin_user_memory(struct iommufd_source *source, unsigned long va,
			    unsigned long npages, bool writeable,
			    struct page **pages)
{
	struct mm_struct *mm = source->payer.mm;

	if (mm == current->mm)
		return pin_current(va, npages, writeable, pages);
	return pin_remote(mm, va, npages, writeable, pages);
}

/* What GUP will refuse, as memory that is not pinned at once */
static int check_user_memory(struct iommufd_source *source, unsigned long va)
{
	struct mm_struct *mm = source->payer.mm;
	struct vm_area_struct *vma;
	int rc = 0;

	mmap_read_lock(mm);
	vma = vma_lookup(mm, va);
	if (vma && (vma->vm_flags & VM_PFNMAP))
		rc = -EFAULT;
	mmap_read_unlock(mm);
	return rc;
}

static unsigned long pin_huge_user_memory(struct iommufd_source *source,
					  unsigned long va,
					  unsigned long npages, bool writeable,
					  struct page **page)
{
	unsigned int flags;

	if (source->payer.mm != current->mm)
		return 0;
	flags = current_pin_flags(va, &npages, writeable);
	return pin_user_huge_fast(va, npages, flags, page);
}

const struct iommufd_source_ops iommufd_user_memory = {
	.check = check_user_memory,
	.pin = pin_user_memory,
	.pin_huge = pin_huge_user_memory,
};
