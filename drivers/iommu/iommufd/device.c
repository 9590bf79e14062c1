// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bound devices, their groups, and what they are attached to.
 *
 * User space sees devices, an IOMMU sees groups: devices that it cannot tell
 * apart, or not keep apart. A group belongs to one IOMMU fd at a time. It is
 * taken with the first of its devices that is bound, which blocks the DMA of
 * all of them, and given back with the last. All attached devices of a group
 * are attached to the same table; replacing it for one replaces it for all.
 *
 * What a group cannot use of the IOVA space (MSI doorbells and the like) is
 * reserved in the IOAS before the group is attached, and released after it has
 * been detached. The device is detached, and thus blocked, before anything
 * that its table maps is let go.
 *
 * Attached to an IOAS, a device gets a table that the IOAS already has for its
 * IOMMU, or a new one. Such automatic tables go with the last group that uses
 * them. attach_lock keeps two devices from making two tables at once.
 *
 * A device without an IOMMU (noiommu.c) is alone in a group that the IOMMU layer
 * knows by name only. Nobody can take it, and nothing can be blocked.
 *
 * The driver that bound a device serialises its calls for that device, and
 * unbinds it before the device goes away.
 */
#define pr_fmt(fmt) "iommufd: " fmt

#include <linux/device.h>
#include <linux/irqdomain.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "fault.h"
#include "nesting.h"
#include "trace.h"

static bool allow_unsafe_interrupts;
module_param(allow_unsafe_interrupts, bool, 0644);
MODULE_PARM_DESC(allow_unsafe_interrupts,
		 "Allow devices whose interrupts the platform does not isolate: their user can raise any interrupt of the host (default: false)");

static int device_isolates_msi(struct device *dev, void *unused)
{
	return device_iommu_capable(dev, IOMMU_CAP_INTR_REMAP) ? 0 : -EPERM;
}

static bool group_isolates_msi(struct iommu_group *group)
{
	return irq_domain_check_msi_remap() ||
	       !iommu_group_for_each_dev(group, NULL, device_isolates_msi);
}

/* Does the platform isolate interrupts of the group, or its owner not care? */
static int check_msi(struct device *dev, bool isolated)
{
	if (isolated)
		return 0;
	if (!allow_unsafe_interrupts) {
		dev_warn(dev,
			 "no interrupt isolation: set iommufd.allow_unsafe_interrupts to let user space have the device nevertheless\n");
		return -EPERM;
	}
	dev_warn_once(dev, "bound without interrupt isolation\n");
	return 0;
}

/*
 * Groups
 */

static struct iommufd_group *find_group(struct iommufd_ctx *ictx,
					struct iommu_group *group)
{
	struct iommufd_group *igroup;

	lockdep_assert_held(&ictx->groups_lock);
	list_for_each_entry(igroup, &ictx->groups, entry)
		if (igroup->group == group)
			return igroup;
	return NULL;
}

/* Take a group that has no device bound here; consumes @group */
static struct iommufd_group *claim_group(struct iommufd_ctx *ictx,
					 struct iommu_group *group,
					 bool no_iommu)
{
	struct iommufd_group *igroup;
	int rc;

	lockdep_assert_held(&ictx->groups_lock);
	igroup = kzalloc(sizeof(*igroup), GFP_KERNEL_ACCOUNT);
	if (!igroup) {
		rc = -ENOMEM;
		goto err_put;
	}
	/* From here to the release the devices are blocked or attached */
	rc = no_iommu ? 0 : iommu_group_claim_dma_owner(group, ictx);
	if (rc)
		goto err_free;
	igroup->group = group;
	igroup->no_iommu = no_iommu;
	igroup->bound = 1;
	igroup->sw_msi.start = 1;
	spin_lock_init(&igroup->fault_lock);
	mutex_init(&igroup->lock);
	list_add(&igroup->entry, &ictx->groups);
	return igroup;

err_free:
	kfree(igroup);
err_put:
	iommu_group_put(group);
	return ERR_PTR(rc);
}

/* The group of a device that is about to be bound; consumes @group */
static struct iommufd_group *get_group(struct iommufd_ctx *ictx,
				       struct iommu_group *group, bool no_iommu)
{
	struct iommufd_group *igroup;

	igroup = find_group(ictx, group);
	if (igroup) {
		iommu_group_put(group);
		/* A whole group is nobody else's: see iommufd_group_bind() */
		if (igroup->whole)
			return ERR_PTR(-EBUSY);
		igroup->bound++;
		return igroup;
	}
	igroup = claim_group(ictx, group, no_iommu);
	/* Somebody else has it: a kernel driver or another user */
	if (igroup == ERR_PTR(-EPERM))
		return ERR_PTR(-EBUSY);
	return igroup;
}

static void put_group(struct iommufd_group *igroup)
{
	if (--igroup->bound)
		return;
	WARN_ON(igroup->hwpt);
	list_del(&igroup->entry);
	if (!igroup->no_iommu)
		iommu_group_release_dma_owner(igroup->group);
	iommu_group_put(igroup->group);
	kfree(igroup);
}

/*
 * Bind
 */

/* Who has a cookie: a device, or an access, by which an emulated one is bound */
struct iommufd_object *iommufd_find_cookie(struct iommufd_ctx *ictx, u64 cookie)
{
	struct iommufd_access *access;
	struct iommufd_device *idev;

	lockdep_assert_held(&ictx->groups_lock);
	list_for_each_entry(idev, &ictx->devices, entry)
		if (idev->has_cookie && idev->cookie == cookie)
			return &idev->obj;
	list_for_each_entry(access, &ictx->accesses, entry)
		if (access->has_cookie && access->cookie == cookie)
			return &access->obj;
	return NULL;
}

/* Is the IOMMU of the device, if it shall have one, good enough for the user? */
static int check_iommu(struct device *dev, struct iommu_group *group,
		       unsigned int flags, bool *isolated)
{
	if (flags & IOMMUFD_BIND_NO_IOMMU) {
		*isolated = false;
		return dev->iommu && dev->iommu->iommu_dev ? -EINVAL : 0;
	}
	/* All DMA is mapped with IOMMU_CACHE: user space cannot flush */
	if (!device_iommu_capable(dev, IOMMU_CAP_CACHE_COHERENCY))
		return -EINVAL;
	*isolated = group_isolates_msi(group);
	return flags & IOMMUFD_BIND_ANY_MSI ? 0 : check_msi(dev, *isolated);
}

struct iommufd_device *__iommufd_device_bind(struct iommufd_ctx *ictx,
					     struct device *dev,
					     const u64 *cookie, u32 *dev_id,
					     unsigned int flags)
{
	struct iommufd_device *idev;
	struct iommu_group *group;
	bool isolated;
	int rc;

	group = iommu_group_get(dev);
	if (!group)
		return ERR_PTR(-ENODEV);
	rc = check_iommu(dev, group, flags, &isolated);
	if (rc) {
		iommu_group_put(group);
		return ERR_PTR(rc);
	}

	idev = iommufd_object_alloc(ictx, idev, IOMMUFD_OBJ_DEVICE);
	if (IS_ERR(idev)) {
		iommu_group_put(group);
		return idev;
	}
	idev->ictx = ictx;
	idev->dev = dev;
	idev->isolated_msi = isolated;
	idev->holds_ctx = !(flags & IOMMUFD_BIND_OWNED_BY_CTX);
	if (cookie) {
		idev->has_cookie = true;
		idev->cookie = *cookie;
	}

	mutex_lock(&ictx->groups_lock);
	if (cookie && iommufd_find_cookie(ictx, *cookie)) {
		rc = -EEXIST;
		iommu_group_put(group);
		goto err_unlock;
	}
	idev->igroup = get_group(ictx, group, flags & IOMMUFD_BIND_NO_IOMMU);
	if (IS_ERR(idev->igroup)) {
		rc = PTR_ERR(idev->igroup);
		goto err_unlock;
	}
	rc = iommufd_fault_register(idev);
	if (rc) {
		put_group(idev->igroup);
		goto err_unlock;
	}
	list_add_tail(&idev->entry, &ictx->devices);
	mutex_unlock(&ictx->groups_lock);

	if (idev->holds_ctx)
		iommufd_ctx_get(ictx);
	*dev_id = idev->obj.id;
	iommufd_object_publish(ictx, &idev->obj);
	return idev;

err_unlock:
	mutex_unlock(&ictx->groups_lock);
	iommufd_object_abort(ictx, &idev->obj);
	return ERR_PTR(rc);
}

/**
 * iommufd_device_bind() - bind a device to an IOMMU fd
 * @ictx: the IOMMU fd; the binding keeps it alive
 * @dev: a device that no kernel driver uses for DMA through the DMA API; that
 *       of the caller must have driver_managed_dma set
 * @cookie: label that user space chose for the device, or NULL for none
 * @dev_id: returns the ID of the device in @ictx
 *
 * On success the DMA of the device, and of all devices of its group, belongs
 * to @ictx, and is blocked. User space may use the device as soon as this
 * returns.
 *
 * Return: the bound device or an ERR_PTR: -ENODEV without IOMMU, -EBUSY if
 * somebody else has the group, -EEXIST if the cookie is taken, -EPERM without
 * interrupt isolation, -EINVAL if DMA is not cache coherent, -ENOMEM.
 */
struct iommufd_device *iommufd_device_bind(struct iommufd_ctx *ictx,
					   struct device *dev,
					   const u64 *cookie, u32 *dev_id)
{
	return __iommufd_device_bind(ictx, dev, cookie, dev_id, 0);
}
EXPORT_SYMBOL_GPL(iommufd_device_bind);

void iommufd_device_destroy(struct iommufd_ctx *ictx,
			    struct iommufd_object *obj)
{
	struct iommufd_device *idev =
		container_of(obj, struct iommufd_device, obj);

	WARN_ON(idev->attached);
	iommufd_device_remove_vdevice(idev);
	iommufd_fault_unregister(idev);
	mutex_lock(&ictx->groups_lock);
	list_del(&idev->entry);
	put_group(idev->igroup);
	mutex_unlock(&ictx->groups_lock);
}

/**
 * iommufd_device_unbind() - undo iommufd_device_bind()
 * @idev: bound device, detached
 *
 * Waits for ioctls that use the device. The caller must not hold a lock that
 * an ioctl of the IOMMU fd may wait for. May drop the last reference to the
 * context.
 */
void iommufd_device_unbind(struct iommufd_device *idev)
{
	struct iommufd_ctx *ictx = idev->ictx;
	bool holds_ctx = idev->holds_ctx;

	refcount_inc(&idev->obj.refs);
	WARN_ON(iommufd_object_destroy(ictx, &idev->obj));
	if (holds_ctx)
		iommufd_ctx_put(ictx);
}
EXPORT_SYMBOL_GPL(iommufd_device_unbind);

/**
 * iommufd_device_ctx() - the context that a device is bound to
 * @idev: bound device
 *
 * Return: the context; alive as long as the device is bound.
 */
struct iommufd_ctx *iommufd_device_ctx(struct iommufd_device *idev)
{
	return idev->ictx;
}
EXPORT_SYMBOL_GPL(iommufd_device_ctx);

/**
 * iommufd_ctx_dev_id() - what a context has to do with a device
 * @ictx: the context
 * @dev: any device
 *
 * Return: the ID of the device if it is bound to @ictx;
 * IOMMUFD_DEV_ID_OWNED if it is not, but another device of its group is, so
 * that nobody else can use it; IOMMUFD_DEV_ID_NOT_OWNED otherwise.
 */
u32 iommufd_ctx_dev_id(struct iommufd_ctx *ictx, struct device *dev)
{
	struct iommu_group *group = iommu_group_get(dev);
	u32 id = IOMMUFD_DEV_ID_NOT_OWNED;
	struct iommufd_device *idev;

	if (!group)
		return id;
	mutex_lock(&ictx->groups_lock);
	if (find_group(ictx, group))
		id = IOMMUFD_DEV_ID_OWNED;
	list_for_each_entry(idev, &ictx->devices, entry)
		if (idev->dev == dev)
			id = idev->obj.id;
	mutex_unlock(&ictx->groups_lock);
	iommu_group_put(group);
	return id;
}
EXPORT_SYMBOL_GPL(iommufd_ctx_dev_id);

/*
 * Attach
 */

/* The group comes to @ioas: reserve there what it cannot use */
static int enter_ioas(struct iommufd_group *igroup, struct iommufd_ioas *ioas)
{
	struct rb_root_cached reserved = RB_ROOT_CACHED;
	int rc;

	lockdep_assert_held(&igroup->lock);
	rc = iommufd_iova_add_resv(&reserved, igroup, igroup,
				   &igroup->sw_msi);
	if (!rc) {
		mutex_lock(&ioas->iova_lock);
		rc = iommufd_ioas_adopt_reserved(ioas, &reserved);
		if (!rc)
			ioas->noiommu_devices += igroup->no_iommu;
		mutex_unlock(&ioas->iova_lock);
	}
	iommufd_iova_remove(&reserved, NULL);
	return rc;
}

static void leave_ioas(struct iommufd_group *igroup, struct iommufd_ioas *ioas)
{
	iommufd_ioas_release_reserved(ioas, igroup);
	mutex_lock(&ioas->iova_lock);
	ioas->noiommu_devices -= igroup->no_iommu;
	mutex_unlock(&ioas->iova_lock);
}

/*
 * The domain maps MSI doorbells where the IOMMU translates them. They stay there as
 * long as it exists: so the window, which the group has reserved now, stays reserved.
 */
static int prepare_msi(struct iommufd_group *igroup, struct iommufd_hwpt *hwpt)
{
	const struct iommu_iova_range *window = &igroup->sw_msi;
	struct iommufd_ioas *ioas = hwpt->ioas;
	int rc;

	lockdep_assert_held(&ioas->attach_lock);
	if (hwpt->parent)
		hwpt = hwpt->parent;
	if (window->start > window->last || hwpt->msi_cookie)
		return 0;
	mutex_lock(&ioas->iova_lock);
	rc = iommufd_iova_add(&ioas->reserved, window->start, window->last,
			      &hwpt->msi_cookie);
	mutex_unlock(&ioas->iova_lock);
	if (rc)
		return rc;
	rc = iommu_get_msi_cookie(hwpt->domain, window->start);
	/* Without software MSIs there is nothing to map */
	if (rc && rc != -ENODEV) {
		iommufd_ioas_release_reserved(ioas, &hwpt->msi_cookie);
		return rc;
	}
	hwpt->msi_cookie = true;
	return 0;
}

/* Give up a use of a table; *@old gets a reference for put_old_hwpt() */
static void drop_hwpt(struct iommufd_ctx *ictx, struct iommufd_hwpt *hwpt,
		      struct iommufd_hwpt **old)
{
	refcount_inc(&hwpt->obj.refs);
	iommufd_object_unuse(ictx, &hwpt->obj);
	*old = hwpt;
}

/*
 * Done with a table that lost a user: an automatic one without further users
 * goes. No locks are held.
 */
static void put_old_hwpt(struct iommufd_ctx *ictx, struct iommufd_hwpt *hwpt)
{
	if (!hwpt)
		return;
	if (hwpt->automatic)
		iommufd_object_destroy(ictx, &hwpt->obj);
	else
		iommufd_object_put(ictx, &hwpt->obj);
}

/*
 * Who maps or unmaps in a domain must find the same devices there all the time:
 * drivers of IOMMUs rely on that. Of two IOASes, one of which may be NULL, the one
 * at the lower address is locked first.
 */
static void lock_tables(struct iommufd_ioas *first, struct iommufd_ioas *second)
{
	if (second == first)
		second = NULL;
	if (second && second < first)
		swap(first, second);
	down_write(&first->tables_lock);
	if (second)
		down_write_nested(&second->tables_lock, SINGLE_DEPTH_NESTING);
	mutex_lock(&first->mmio_lock);
	if (second)
		mutex_lock_nested(&second->mmio_lock, SINGLE_DEPTH_NESTING);
}

static void unlock_tables(struct iommufd_ioas *first,
			  struct iommufd_ioas *second)
{
	if (second == first)
		second = NULL;
	if (second) {
		mutex_unlock(&second->mmio_lock);
		up_write(&second->tables_lock);
	}
	mutex_unlock(&first->mmio_lock);
	up_write(&first->tables_lock);
}

/* Tell the IOMMU that the group uses @hwpt from now on */
static int set_domain(struct iommufd_group *igroup, struct iommufd_hwpt *hwpt)
{
	struct iommufd_hwpt *cur = igroup->hwpt;
	struct iommufd_ioas *old_ioas = cur ? cur->ioas : NULL;
	int rc;

	if (igroup->no_iommu)
		return 0;
	lock_tables(hwpt->ioas, old_ioas);
	if (cur)
		rc = iommu_group_replace_domain(igroup->group, hwpt->domain);
	else
		rc = iommu_attach_group(hwpt->domain, igroup->group);
	unlock_tables(hwpt->ioas, old_ioas);
	return rc;
}

/*
 * Make the group use @hwpt instead of what it uses now. The caller has a use
 * of @hwpt, which becomes the group's. On failure the caller still has it, and
 * nothing has changed. *@old is for put_old_hwpt().
 */
static int set_hwpt(struct iommufd_group *igroup, struct iommufd_hwpt *hwpt,
		    struct iommufd_hwpt **old)
{
	struct iommufd_hwpt *cur = igroup->hwpt;
	struct iommufd_ctx *ictx = hwpt->ioas->ictx;
	bool new_ioas = !cur || cur->ioas != hwpt->ioas;
	int rc;

	lockdep_assert_held(&igroup->lock);
	if (cur == hwpt) {
		iommufd_object_unuse(ictx, &hwpt->obj);
		return 0;
	}
	if (new_ioas) {
		rc = enter_ioas(igroup, hwpt->ioas);
		if (rc)
			return rc;
	}
	rc = prepare_msi(igroup, hwpt);
	if (rc)
		goto err_release;
	/* The first fault may come before the driver is back */
	iommufd_fault_switch(igroup, hwpt);
	rc = set_domain(igroup, hwpt);
	if (rc)
		goto err_fault;

	igroup->hwpt = hwpt;
	if (cur) {
		iommufd_fault_flush_group(cur->fault, igroup);
		if (new_ioas)
			leave_ioas(igroup, cur->ioas);
		drop_hwpt(ictx, cur, old);
	}
	return 0;

err_fault:
	iommufd_fault_switch(igroup, cur);
	iommufd_fault_flush_group(hwpt->fault, igroup);
err_release:
	if (new_ioas)
		leave_ioas(igroup, hwpt->ioas);
	return rc;
}

static int set_existing_hwpt(struct iommufd_device *idev,
			     struct iommufd_hwpt *hwpt,
			     struct iommufd_hwpt **old)
{
	int rc;

	if (hwpt == idev->igroup->hwpt)
		return 0;
	rc = iommufd_hwpt_suits(hwpt, idev->igroup, idev->dev) ?:
	     iommufd_nested_knows(hwpt, idev);
	if (rc)
		return rc;
	rc = iommufd_object_use(idev->ictx, &hwpt->obj);
	if (rc)
		return rc;
	mutex_lock(&hwpt->ioas->attach_lock);
	rc = set_hwpt(idev->igroup, hwpt, old);
	mutex_unlock(&hwpt->ioas->attach_lock);
	if (rc)
		drop_hwpt(idev->ictx, hwpt, old);
	return rc;
}

/* An automatic table of @ioas that suits the device; the caller gets a use */
static struct iommufd_hwpt *find_automatic(struct iommufd_ioas *ioas,
					   struct iommufd_group *igroup,
					   struct device *dev,
					   enum iommufd_stage wanted)
{
	struct iommufd_hwpt *hwpt, *found = NULL;

	down_read(&ioas->tables_lock);
	list_for_each_entry(hwpt, &ioas->tables, entry) {
		/* No use can be had of one that is on its way out */
		if (hwpt->automatic && !hwpt->nest_parent &&
		    hwpt->wanted == wanted &&
		    !iommufd_hwpt_suits(hwpt, igroup, dev) &&
		    !iommufd_object_use(ioas->ictx, &hwpt->obj)) {
			found = hwpt;
			break;
		}
	}
	up_read(&ioas->tables_lock);
	return found;
}

/* Make a table for the device, and its group use it */
static int set_new_hwpt(struct iommufd_group *igroup, struct device *dev,
			struct iommufd_ioas *ioas, enum iommufd_stage wanted,
			struct iommufd_hwpt **old)
{
	struct iommufd_ctx *ictx = ioas->ictx;
	struct iommufd_hwpt *hwpt;
	int rc;

	hwpt = iommufd_hwpt_alloc(ioas, igroup, dev, NULL, true, wanted);
	if (IS_ERR(hwpt))
		return PTR_ERR(hwpt);
	iommufd_object_use(ictx, &hwpt->obj);
	rc = set_hwpt(igroup, hwpt, old);
	if (rc) {
		iommufd_object_unuse(ictx, &hwpt->obj);
		iommufd_hwpt_abort(hwpt);
		return rc;
	}
	iommufd_object_publish(ictx, &hwpt->obj);
	return 0;
}

/* @dev is a device of the group */
static int set_automatic_hwpt(struct iommufd_group *igroup, struct device *dev,
			      struct iommufd_ioas *ioas,
			      enum iommufd_stage wanted,
			      struct iommufd_hwpt **old)
{
	struct iommufd_hwpt *hwpt;
	int rc;

	mutex_lock(&ioas->attach_lock);
	hwpt = find_automatic(ioas, igroup, dev, wanted);
	if (!hwpt) {
		rc = set_new_hwpt(igroup, dev, ioas, wanted, old);
	} else {
		rc = set_hwpt(igroup, hwpt, old);
		if (rc)
			drop_hwpt(ioas->ictx, hwpt, old);
	}
	mutex_unlock(&ioas->attach_lock);
	return rc;
}

/* Make the group of @idev use an IOAS or table */
static int set_pt(struct iommufd_device *idev, struct iommufd_object *pt,
		  struct iommufd_hwpt **old)
{
	struct iommufd_hwpt *cur = idev->igroup->hwpt;

	switch (pt->type) {
	case IOMMUFD_OBJ_HWPT:
	case IOMMUFD_OBJ_HWPT_NESTED:
		return set_existing_hwpt(idev,
					 container_of(pt, struct iommufd_hwpt,
						      obj), old);
	case IOMMUFD_OBJ_IOAS:
		if (cur && cur->automatic && &cur->ioas->obj == pt)
			return 0;
		return set_automatic_hwpt(idev->igroup, idev->dev,
					  container_of(pt, struct iommufd_ioas,
						       obj),
					  IOMMUFD_STAGE_1, old);
	default:
		return -EINVAL;
	}
}

/* Is the group of @idev, attached by another device, on @pt already? */
static int join_group(struct iommufd_device *idev, struct iommufd_object *pt)
{
	struct iommufd_hwpt *cur = idev->igroup->hwpt;

	if (pt == &cur->obj || (pt == &cur->ioas->obj && cur->automatic))
		return iommufd_nested_knows(cur, idev);
	return -EINVAL;
}

static int attach_or_replace(struct iommufd_device *idev, u32 *pt_id,
			     bool replace)
{
	struct iommufd_group *igroup = idev->igroup;
	struct iommufd_ctx *ictx = idev->ictx;
	struct iommufd_hwpt *old = NULL;
	struct iommufd_object *pt;
	int rc;

	pt = iommufd_object_get(ictx, *pt_id, IOMMUFD_OBJ_ANY);
	if (IS_ERR(pt))
		return PTR_ERR(pt);

	mutex_lock(&igroup->lock);
	if (idev->attached != replace)
		rc = replace ? -EINVAL : -EBUSY;
	else if (!replace && igroup->attached)
		rc = join_group(idev, pt);
	else
		rc = set_pt(idev, pt, &old);
	if (!rc) {
		if (!replace) {
			idev->attached = true;
			igroup->attached++;
		}
		*pt_id = igroup->hwpt->obj.id;
		trace_iommufd_attach(idev, igroup->hwpt);
	}
	mutex_unlock(&igroup->lock);

	iommufd_object_put(ictx, pt);
	put_old_hwpt(ictx, old);
	return rc;
}

/**
 * iommufd_device_attach() - let a device use an address space
 * @idev: bound device, not attached
 * @pt_id: IOASID: of an IOAS or of a hardware page table. Returns the hardware
 *         page table that the device uses now
 *
 * From here on the device can do DMA to what is mapped.
 *
 * Return: 0; -ENOENT for an unknown ID; -EINVAL if the device cannot use it,
 * or another device of its group is attached to something else; -EBUSY if the
 * device is attached; -EADDRINUSE if mappings or allowed IOVAs are in the way
 * of what the device cannot use; -EFAULT if mapped memory is gone; -ENOMEM.
 * Then nothing has changed.
 */
int iommufd_device_attach(struct iommufd_device *idev, u32 *pt_id)
{
	return attach_or_replace(idev, pt_id, false);
}
EXPORT_SYMBOL_GPL(iommufd_device_attach);

/**
 * iommufd_device_replace() - let a device use another address space
 * @idev: attached device
 * @pt_id: as in iommufd_device_attach()
 *
 * The device goes from the one to the other directly. All attached devices of
 * its group go with it.
 *
 * Return: as iommufd_device_attach(); -EINVAL if the device is not attached.
 */
int iommufd_device_replace(struct iommufd_device *idev, u32 *pt_id)
{
	return attach_or_replace(idev, pt_id, true);
}
EXPORT_SYMBOL_GPL(iommufd_device_replace);

/* The last attached device goes; *@old is for put_old_hwpt() */
static void clear_hwpt(struct iommufd_group *igroup, struct iommufd_hwpt **old)
{
	struct iommufd_hwpt *cur = igroup->hwpt;

	lockdep_assert_held(&igroup->lock);
	if (!igroup->no_iommu) {
		lock_tables(cur->ioas, NULL);
		iommu_detach_group(cur->domain, igroup->group);
		unlock_tables(cur->ioas, NULL);
	}
	igroup->hwpt = NULL;
	iommufd_fault_switch(igroup, NULL);
	iommufd_fault_flush_group(cur->fault, igroup);
	leave_ioas(igroup, cur->ioas);
	drop_hwpt(cur->ioas->ictx, cur, old);
}

/**
 * iommufd_device_detach() - block the DMA of a device again
 * @idev: attached device
 *
 * Blocks the group once the last of its devices is detached.
 */
void iommufd_device_detach(struct iommufd_device *idev)
{
	struct iommufd_group *igroup = idev->igroup;
	struct iommufd_ctx *ictx = idev->ictx;
	struct iommufd_hwpt *old = NULL;

	mutex_lock(&igroup->lock);
	if (!WARN_ON(!idev->attached)) {
		idev->attached = false;
		trace_iommufd_detach(idev, igroup->hwpt);
		if (!--igroup->attached)
			clear_hwpt(igroup, &old);
	}
	mutex_unlock(&igroup->lock);
	put_old_hwpt(ictx, old);
}
EXPORT_SYMBOL_GPL(iommufd_device_detach);

/**
 * iommufd_device_coherent() - is all DMA of a device coherent?
 * @dev: a device that VFIO hands out, and that stays during the call
 * @idev: the same as a bound device, or NULL
 *
 * A device may ask for DMA that is not (PCIe's no snoop); an IOMMU that enforces
 * snooping does not let it.
 *
 * Return: whether the table enforces snooping that the device is attached to;
 * if it is to none: whether one that is made for it will.
 */
bool iommufd_device_coherent(struct device *dev, struct iommufd_device *idev)
{
	bool coherent = false, attached = false;

	if (idev) {
		mutex_lock(&idev->igroup->lock);
		attached = idev->attached;
		if (attached)
			coherent = idev->igroup->hwpt->enforce_snoop;
		mutex_unlock(&idev->igroup->lock);
	}
	return attached ? coherent : iommufd_can_enforce_snoop(dev);
}
EXPORT_SYMBOL_GPL(iommufd_device_coherent);

/*
 * Groups as a whole, for VFIO's containers
 */

/**
 * iommufd_group_bind() - take a group without any of its devices
 * @ictx: context
 * @group: the group; the caller has a reference
 *
 * DMA of all its devices is blocked from here on. None of them can be bound to
 * @ictx, or another context, until iommufd_group_unbind().
 *
 * Return: the group, or an ERR_PTR as of iommu_group_claim_dma_owner(): -EPERM
 * if somebody else has it; -ENOMEM.
 */
struct iommufd_group *iommufd_group_bind(struct iommufd_ctx *ictx,
					 struct iommu_group *group)
{
	struct iommufd_group *igroup;

	mutex_lock(&ictx->groups_lock);
	if (find_group(ictx, group)) {
		igroup = ERR_PTR(-EPERM);
	} else {
		igroup = claim_group(ictx, iommu_group_ref_get(group), false);
		if (!IS_ERR(igroup))
			igroup->whole = true;
	}
	mutex_unlock(&ictx->groups_lock);
	return igroup;
}

void iommufd_group_unbind(struct iommufd_ctx *ictx,
			  struct iommufd_group *igroup)
{
	mutex_lock(&ictx->groups_lock);
	put_group(igroup);
	mutex_unlock(&ictx->groups_lock);
}

/**
 * iommufd_group_attach() - let all devices of a group use an IOAS
 * @igroup: group that was taken as a whole
 * @dev: a device of it that stays during the call
 * @ioas: the IOAS
 * @wanted: what the group's table shall be
 *
 * Return: 0 or an error as of iommufd_device_attach(); -EPERM without interrupt
 * isolation; -EINVAL if the IOMMU cannot have such a table.
 */
int iommufd_group_attach(struct iommufd_group *igroup, struct device *dev,
			 struct iommufd_ioas *ioas, enum iommufd_stage wanted)
{
	struct iommufd_hwpt *old = NULL;
	int rc;

	rc = check_msi(dev, group_isolates_msi(igroup->group));
	if (rc)
		return rc;
	mutex_lock(&igroup->lock);
	rc = set_automatic_hwpt(igroup, dev, ioas, wanted, &old);
	if (!rc) {
		igroup->attached++;
		trace_iommufd_group_attach(igroup, igroup->hwpt);
	}
	mutex_unlock(&igroup->lock);
	put_old_hwpt(ioas->ictx, old);
	return rc;
}

void iommufd_group_detach(struct iommufd_ctx *ictx,
			  struct iommufd_group *igroup)
{
	struct iommufd_hwpt *old = NULL;

	mutex_lock(&igroup->lock);
	igroup->attached--;
	trace_iommufd_group_detach(igroup, igroup->hwpt);
	clear_hwpt(igroup, &old);
	mutex_unlock(&igroup->lock);
	put_old_hwpt(ictx, old);
}
