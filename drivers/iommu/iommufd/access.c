// SPDX-License-Identifier: GPL-2.0-only
/*
 * Users of an IOAS inside the kernel: drivers of emulated devices.
 *
 * Such a user has an access. With it he reads and writes memory by IOVA, and
 * pins pages for as long as he likes, in the IOAS that the access is attached
 * to. What he pins is pinned once, together with hardware tables (share.c).
 *
 * While he works with an area, and for every page that he has pinned of it, he
 * counts in the users of the area's holder. An unmap tells all accesses, which
 * must unpin, and waits for that count to reach zero. It holds no lock then:
 * a driver may wait in its callback for one of its threads that just pins.
 * To unpin needs neither the access' locks nor tables_lock: the area stays as
 * long as a page of it is pinned.
 *
 * An access is attached to one IOAS at a time. On its way to another the user
 * is told to let go of what is pinned, area by area, as if all were unmapped.
 */
#include <linux/iommufd.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "iommufd_private.h"
#include "trace.h"

/*
 * Life
 */

/* An access that does not keep the context alive, as the context has it */
struct iommufd_access *
__iommufd_access_create(struct iommufd_ctx *ictx,
			const struct iommufd_access_ops *ops, void *data,
			const u64 *cookie, u32 *id)
{
	struct iommufd_access *access;

	if (WARN_ON(ops->needs_pin_pages && !ops->unmap))
		return ERR_PTR(-EINVAL);
	access = iommufd_object_alloc(ictx, access, IOMMUFD_OBJ_ACCESS);
	if (IS_ERR(access))
		return access;
	access->ictx = ictx;
	access->ops = ops;
	access->data = data;
	mutex_init(&access->change_lock);
	init_rwsem(&access->use_lock);
	if (cookie) {
		access->has_cookie = true;
		access->cookie = *cookie;
	}

	mutex_lock(&ictx->groups_lock);
	if (cookie && iommufd_find_cookie(ictx, *cookie)) {
		mutex_unlock(&ictx->groups_lock);
		iommufd_object_abort(ictx, &access->obj);
		return ERR_PTR(-EEXIST);
	}
	list_add_tail(&access->entry, &ictx->accesses);
	mutex_unlock(&ictx->groups_lock);

	*id = access->obj.id;
	iommufd_object_publish(ictx, &access->obj);
	return access;
}

/**
 * iommufd_access_create() - become a user of I/O address spaces
 * @ictx: the IOMMU fd; the access keeps it alive
 * @ops: what to do when memory goes away
 * @data: for @ops
 * @cookie: label that user space chose for the device of this user, as that of
 *          iommufd_device_bind(), or NULL for none
 * @id: returns the ID of the access in @ictx
 *
 * Return: the access, attached to nothing, or an ERR_PTR: -EEXIST if the cookie
 * is taken, by a bound device or another access; -ENOMEM.
 */
struct iommufd_access *
iommufd_access_create(struct iommufd_ctx *ictx,
		      const struct iommufd_access_ops *ops, void *data,
		      const u64 *cookie, u32 *id)
{
	struct iommufd_access *access;

	access = __iommufd_access_create(ictx, ops, data, cookie, id);
	if (!IS_ERR(access)) {
		access->holds_ctx = true;
		iommufd_ctx_get(ictx);
	}
	return access;
}
EXPORT_SYMBOL_GPL(iommufd_access_create);

/**
 * iommufd_access_destroy() - undo iommufd_access_create()
 * @access: the access; detached here if it is attached
 *
 * No call that uses the access may run or follow. May drop the last reference
 * to the context.
 */
void iommufd_access_destroy(struct iommufd_access *access)
{
	struct iommufd_ctx *ictx = access->ictx;
	bool holds_ctx = access->holds_ctx;

	refcount_inc(&access->obj.refs);
	WARN_ON(iommufd_object_destroy(ictx, &access->obj));
	if (holds_ctx)
		iommufd_ctx_put(ictx);
}
EXPORT_SYMBOL_GPL(iommufd_access_destroy);

void iommufd_access_destroy_object(struct iommufd_ctx *ictx,
				   struct iommufd_object *obj)
{
	struct iommufd_access *access =
		container_of(obj, struct iommufd_access, obj);

	iommufd_access_detach(access);
	mutex_lock(&ictx->groups_lock);
	list_del(&access->entry);
	mutex_unlock(&ictx->groups_lock);
}

/**
 * iommufd_access_ctx() - the context that an access belongs to
 * @access: the access
 *
 * Return: the context; alive as long as the access.
 */
struct iommufd_ctx *iommufd_access_ctx(struct iommufd_access *access)
{
	return access->ictx;
}
EXPORT_SYMBOL_GPL(iommufd_access_ctx);

/*
 * Attach
 */

/* Does somebody pin pages? With tables_lock or accesses_lock held */
bool iommufd_ioas_has_pinning_access(struct iommufd_ioas *ioas)
{
	struct iommufd_access *access;
	unsigned long id;

	xa_for_each(&ioas->accesses, id, access)
		if (access->ops->needs_pin_pages)
			return true;
	return false;
}

static int add_access(struct iommufd_ioas *ioas, struct iommufd_access *access)
{
	int rc;

	down_write(&ioas->accesses_lock);
	down_write(&ioas->tables_lock);
	rc = xa_insert(&ioas->accesses, access->obj.id, access,
		       GFP_KERNEL_ACCOUNT);
	if (!rc) {
		rc = iommufd_ioas_update_alignment(ioas);
		if (rc)
			xa_erase(&ioas->accesses, access->obj.id);
	}
	up_write(&ioas->tables_lock);
	up_write(&ioas->accesses_lock);
	return rc;
}

static void remove_access(struct iommufd_ioas *ioas,
			  struct iommufd_access *access)
{
	down_write(&ioas->accesses_lock);
	down_write(&ioas->tables_lock);
	xa_erase(&ioas->accesses, access->obj.id);
	/* Less is demanded than before */
	WARN_ON(iommufd_ioas_update_alignment(ioas));
	up_write(&ioas->tables_lock);
	up_write(&ioas->accesses_lock);
}

static void set_ioas(struct iommufd_access *access, struct iommufd_ioas *ioas)
{
	down_write(&access->use_lock);
	access->ioas = ioas;
	up_write(&access->use_lock);
}

/* The first area from @iova on that somebody inside the kernel has in use */
static bool find_used_area(struct iommufd_ioas *ioas, unsigned long iova,
			   unsigned long *first, unsigned long *last)
{
	struct iommufd_area *area;
	bool found = false;

	mutex_lock(&ioas->iova_lock);
	iommufd_for_each_area(area, ioas, iova, ULONG_MAX) {
		if (!area->holder || !area->holder->users)
			continue;
		*first = area->iova;
		*last = area->last;
		found = true;
		break;
	}
	mutex_unlock(&ioas->iova_lock);
	return found;
}

/* As if all were unmapped: the user sees no other ranges than areas */
static void notify_leave(struct iommufd_access *access,
			 struct iommufd_ioas *ioas)
{
	unsigned long first, last, iova = 0;

	while (find_used_area(ioas, iova, &first, &last)) {
		access->ops->unmap(access->data, first, last - first + 1);
		if (last == ULONG_MAX)
			break;
		iova = last + 1;
	}
}

/*
 * The user has let go of everything. One who was about to note what he pinned
 * when he was told is told again.
 */
static void wait_for_unpin(struct iommufd_access *access,
			   struct iommufd_ioas *ioas)
{
	unsigned long warn = jiffies + 10 * HZ;

	while (atomic_long_read(&access->pinned)) {
		notify_leave(access, ioas);
		wait_event_timeout(ioas->area_gone,
				   !atomic_long_read(&access->pinned), HZ / 10);
		WARN_ONCE(atomic_long_read(&access->pinned) &&
			  time_after(jiffies, warn),
			  "iommufd: a user inside the kernel keeps pages of an IOAS that it leaves\n");
	}
}

/* The user lets go of the IOAS that he is attached to */
static void leave_ioas(struct iommufd_access *access)
{
	struct iommufd_ioas *ioas = access->ioas_unpin;

	lockdep_assert_held(&access->change_lock);
	/* Who pins now has done so when this is through; no one begins to */
	set_ioas(access, NULL);
	wait_for_unpin(access, ioas);
	WRITE_ONCE(access->ioas_unpin, NULL);
	trace_iommufd_access_detach(access, ioas);
	remove_access(ioas, access);
	iommufd_object_unuse(access->ictx, &ioas->obj);
}

/* Attach to an IOAS to which the caller has a reference */
static int change_ioas(struct iommufd_access *access, struct iommufd_ioas *ioas)
{
	int rc;

	lockdep_assert_held(&access->change_lock);
	if (access->ioas == ioas)
		return 0;
	rc = iommufd_object_use(access->ictx, &ioas->obj);
	if (rc)
		return rc;
	rc = add_access(ioas, access);
	if (rc) {
		iommufd_object_unuse(access->ictx, &ioas->obj);
		return rc;
	}
	if (access->ioas)
		leave_ioas(access);
	WRITE_ONCE(access->ioas_unpin, ioas);
	set_ioas(access, ioas);
	trace_iommufd_access_attach(access, ioas);
	return 0;
}

static int attach_or_replace(struct iommufd_access *access, u32 ioas_id,
			     bool replace)
{
	struct iommufd_ioas *ioas;
	int rc;

	ioas = iommufd_get_ioas(access->ictx, ioas_id);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	mutex_lock(&access->change_lock);
	if (replace != !!access->ioas)
		rc = replace ? -EINVAL : -EBUSY;
	else
		rc = change_ioas(access, ioas);
	mutex_unlock(&access->change_lock);
	iommufd_object_put(access->ictx, &ioas->obj);
	return rc;
}

/**
 * iommufd_access_attach() - choose the IOAS that an access works on
 * @access: access that is attached to nothing
 * @ioas_id: IOAS in the context of the access
 *
 * Return: 0; -ENOENT if the ID is not that of an IOAS; -EBUSY if the access is
 * attached; -EADDRINUSE if the user pins pages and the IOAS maps parts of pages;
 * -ENOMEM.
 */
int iommufd_access_attach(struct iommufd_access *access, u32 ioas_id)
{
	return attach_or_replace(access, ioas_id, false);
}
EXPORT_SYMBOL_GPL(iommufd_access_attach);

/**
 * iommufd_access_replace() - go to another IOAS
 * @access: access that is attached
 * @ioas_id: IOAS in the context of the access
 *
 * The user is told to unpin everything in between, and waited for.
 *
 * Return: 0, or an error and nothing has changed: -EINVAL if the access is not
 * attached, else as iommufd_access_attach().
 */
int iommufd_access_replace(struct iommufd_access *access, u32 ioas_id)
{
	return attach_or_replace(access, ioas_id, true);
}
EXPORT_SYMBOL_GPL(iommufd_access_replace);

/**
 * iommufd_access_detach() - leave the IOAS
 * @access: access; nothing happens if it is not attached
 *
 * The user is told to unpin everything, and waited for.
 */
void iommufd_access_detach(struct iommufd_access *access)
{
	mutex_lock(&access->change_lock);
	if (access->ioas)
		leave_ioas(access);
	mutex_unlock(&access->change_lock);
}
EXPORT_SYMBOL_GPL(iommufd_access_detach);

/* An area goes: its users unpin. Called without locks */
void iommufd_ioas_notify_unmap(struct iommufd_ioas *ioas, unsigned long iova,
			       unsigned long length)
{
	struct iommufd_access *access;
	unsigned long id;

	down_read(&ioas->accesses_lock);
	xa_for_each(&ioas->accesses, id, access)
		if (access->ops->unmap)
			access->ops->unmap(access->data, iova, length);
	up_read(&ioas->accesses_lock);
}

/*
 * Use
 */

/* The area at @iova, which stays until let_go() */
static struct iommufd_area *use_area(struct iommufd_ioas *ioas,
				     unsigned long iova, bool write)
{
	struct iommufd_area *area;
	int rc = 0;

	lockdep_assert_held(&ioas->tables_lock);
	mutex_lock(&ioas->iova_lock);
	area = iommufd_area_first(ioas, iova, iova);
	if (!area || area->state != IOMMUFD_AREA_MAPPED)
		rc = -ENOENT;
	else if (iommufd_area_is_mmio(area))
		rc = -EFAULT;
	else if (!(area->prot & (write ? IOMMU_WRITE : IOMMU_READ)))
		rc = -EPERM;
	else
		rc = iommufd_area_begin_share(area);
	if (!rc)
		area->holder->users++;
	mutex_unlock(&ioas->iova_lock);
	return rc ? ERR_PTR(rc) : area;
}

/* The area has @more users, or less */
static void add_users(struct iommufd_area *area, long more)
{
	struct iommufd_ioas *ioas = area->ioas;

	mutex_lock(&ioas->iova_lock);
	area->holder->users += more;
	/* The area may be gone as soon as the lock is */
	if (!area->holder->users)
		wake_up_all(&ioas->area_gone);
	mutex_unlock(&ioas->iova_lock);
}

/* Bytes from @iova on that are in the area, at most up to @last */
static unsigned long area_part(struct iommufd_area *area, unsigned long iova,
			       unsigned long last)
{
	return min(last, area->last) - iova + 1;
}

/* The page number in the source of the page at @iova */
static unsigned long page_at(struct iommufd_area *area, unsigned long iova)
{
	return (area->pos + (iova - area->iova)) >> PAGE_SHIFT;
}

static int pin_in_ioas(struct iommufd_access *access, unsigned long iova,
		       unsigned long last, struct page **pages, bool write,
		       unsigned long *done)
{
	struct iommufd_ioas *ioas = access->ioas;
	struct iommufd_area *area;
	unsigned long n;
	int rc;

	for (;;) {
		area = use_area(ioas, iova, write);
		if (IS_ERR(area))
			return PTR_ERR(area);
		n = PFN_UP(area_part(area, iova, last));
		rc = iommufd_share_pin(area, page_at(area, iova), n,
				       pages + *done);
		/* Each page counts, and this function not any more */
		add_users(area, rc ? -1 : n - 1);
		if (rc)
			return rc;
		atomic_long_add(n, &access->pinned);
		*done += n;
		if (n > (last - iova) >> PAGE_SHIFT)
			return 0;
		iova += n << PAGE_SHIFT;
	}
}

static void unpin_in_ioas(struct iommufd_access *access,
			  struct iommufd_ioas *ioas, unsigned long iova,
			  unsigned long npages)
{
	struct iommufd_area *area;
	unsigned long n;

	while (npages) {
		mutex_lock(&ioas->iova_lock);
		area = iommufd_area_first(ioas, iova, iova);
		mutex_unlock(&ioas->iova_lock);
		/* Its pages keep the area */
		if (WARN_ON(!area || !area->holder))
			return;
		n = min(npages, PFN_UP(area_part(area, iova, ULONG_MAX)));
		iommufd_share_unpin(area, page_at(area, iova), n);
		add_users(area, -(long)n);
		atomic_long_sub(n, &access->pinned);
		iova += n << PAGE_SHIFT;
		npages -= n;
	}
}

static int check_range(unsigned long iova, unsigned long length,
		       unsigned long *last)
{
	if (!length)
		return -EINVAL;
	return check_add_overflow(iova, length - 1, last) ? -EOVERFLOW : 0;
}

/**
 * iommufd_access_pin_pages() - pin pages by IOVA
 * @access: access whose ops say that it pins
 * @iova: first IOVA
 * @length: bytes
 * @pages: returns the page of @iova and all further ones to that of the last
 *         byte
 * @flags: IOMMUFD_ACCESS_WRITE if they are to be written to
 *
 * The pages stay until iommufd_access_unpin_pages(). A page can be pinned
 * several times.
 *
 * Return: 0, or an error and nothing is pinned: -ENOENT if a part is not
 * mapped, or the access not attached; -EPERM if the mapping does not allow
 * it; -EFAULT if there is no memory behind it; -EINVAL if @length is 0;
 * -EOVERFLOW if the range wraps; -ENOMEM also over RLIMIT_MEMLOCK.
 */
int iommufd_access_pin_pages(struct iommufd_access *access, unsigned long iova,
			     unsigned long length, struct page **pages,
			     unsigned int flags)
{
	unsigned long first = iova & PAGE_MASK;
	unsigned long done = 0;
	unsigned long last;
	int rc;

	if (WARN_ON(!access->ops->needs_pin_pages))
		return -EINVAL;
	rc = check_range(iova, length, &last);
	if (rc)
		return rc;
	rc = -ENOENT;
	down_read(&access->use_lock);
	if (access->ioas) {
		down_read(&access->ioas->tables_lock);
		rc = pin_in_ioas(access, first, last, pages,
				 flags & IOMMUFD_ACCESS_WRITE, &done);
		up_read(&access->ioas->tables_lock);
		if (rc)
			unpin_in_ioas(access, access->ioas, first, done);
	}
	up_read(&access->use_lock);
	return rc;
}
EXPORT_SYMBOL_GPL(iommufd_access_pin_pages);

/**
 * iommufd_access_unpin_pages() - unpin pages
 * @access: the access
 * @iova: first IOVA
 * @length: bytes; all pages that they touch were pinned through @access
 *
 * Pages can be unpinned in other portions than they were pinned in. May be
 * called from the unmap op.
 */
void iommufd_access_unpin_pages(struct iommufd_access *access,
				unsigned long iova, unsigned long length)
{
	struct iommufd_ioas *ioas = READ_ONCE(access->ioas_unpin);
	unsigned long first = iova & PAGE_MASK;
	unsigned long last;

	if (WARN_ON(!ioas || check_range(iova, length, &last)))
		return;
	unpin_in_ioas(access, ioas, first,
		      ((last - first) >> PAGE_SHIFT) + 1);
}
EXPORT_SYMBOL_GPL(iommufd_access_unpin_pages);

static int rw_in_ioas(struct iommufd_ioas *ioas, unsigned long iova,
		      unsigned long last, void *data, bool write)
{
	struct iommufd_area *area;
	unsigned long n;
	int rc;

	for (;;) {
		area = use_area(ioas, iova, write);
		if (IS_ERR(area))
			return PTR_ERR(area);
		n = area_part(area, iova, last);
		rc = iommufd_share_copy(area, area->pos + (iova - area->iova),
					data, n, write);
		add_users(area, -1);
		if (rc || n > last - iova)
			return rc;
		iova += n;
		data += n;
	}
}

/**
 * iommufd_access_rw() - read or write memory by IOVA
 * @access: the access
 * @iova: first IOVA
 * @data: kernel memory
 * @length: bytes
 * @flags: IOMMUFD_ACCESS_WRITE to write from @data to the IOVAs
 *
 * Needs neither the process that mapped the memory nor a thread of any.
 *
 * Return: 0, or an error, and a part may have been copied: -ENOENT if a part is
 * not mapped, or the access not attached; -EPERM if the mapping does not allow
 * it; -EFAULT if there is no memory behind it; -EINVAL if @length is 0;
 * -EOVERFLOW if the range wraps; -ENOMEM.
 */
int iommufd_access_rw(struct iommufd_access *access, unsigned long iova,
		      void *data, size_t length, unsigned int flags)
{
	unsigned long last;
	int rc;

	rc = check_range(iova, length, &last);
	if (rc)
		return rc;
	rc = -ENOENT;
	down_read(&access->use_lock);
	if (access->ioas) {
		down_read(&access->ioas->tables_lock);
		rc = rw_in_ioas(access->ioas, iova, last, data,
				flags & IOMMUFD_ACCESS_WRITE);
		up_read(&access->ioas->tables_lock);
	}
	up_read(&access->use_lock);
	return rc;
}
EXPORT_SYMBOL_GPL(iommufd_access_rw);
