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
 * The driver that bound a device serialises its calls for that device, and
 * unbinds it before the device goes away.
 */
#define pr_fmt(fmt) "iommufd: " fmt

#include <linux/device.h>
#include <linux/irqdomain.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "iommufd_private.h"

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

/* The group of a device that is about to be bound; consumes @group */
static struct iommufd_group *get_group(struct iommufd_ctx *ictx,
				       struct iommu_group *group)
{
	struct iommufd_group *igroup;
	int rc;

	igroup = find_group(ictx, group);
	if (igroup) {
		iommu_group_put(group);
		igroup->bound++;
		return igroup;
	}

	igroup = kzalloc(sizeof(*igroup), GFP_KERNEL_ACCOUNT);
	if (!igroup) {
		rc = -ENOMEM;
		goto err_put;
	}
	/* From here to the release the devices are blocked or attached */
	rc = iommu_group_claim_dma_owner(group, ictx);
	if (rc) {
		/* Somebody else has it: a kernel driver or another user */
		if (rc == -EPERM)
			rc = -EBUSY;
		goto err_free;
	}
	igroup->group = group;
	igroup->bound = 1;
	igroup->sw_msi_start = PHYS_ADDR_MAX;
	mutex_init(&igroup->lock);
	list_add(&igroup->entry, &ictx->groups);
	return igroup;

err_free:
	kfree(igroup);
err_put:
	iommu_group_put(group);
	return ERR_PTR(rc);
}

static void put_group(struct iommufd_group *igroup)
{
	if (--igroup->bound)
		return;
	WARN_ON(igroup->hwpt);
	list_del(&igroup->entry);
	iommu_group_release_dma_owner(igroup->group);
	iommu_group_put(igroup->group);
	kfree(igroup);
}

/*
 * Bind
 */

static bool cookie_in_use(struct iommufd_ctx *ictx, u64 cookie)
{
	struct iommufd_device *idev;

	list_for_each_entry(idev, &ictx->devices, entry)
		if (idev->has_cookie && idev->cookie == cookie)
			return true;
	return false;
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

	/* All DMA is mapped with IOMMU_CACHE: user space cannot flush */
	if (!device_iommu_capable(dev, IOMMU_CAP_CACHE_COHERENCY))
		return ERR_PTR(-EINVAL);
	group = iommu_group_get(dev);
	if (!group)
		return ERR_PTR(-ENODEV);
	isolated = group_isolates_msi(group);
	if (!isolated && !(flags & IOMMUFD_BIND_ANY_MSI)) {
		if (!allow_unsafe_interrupts) {
			dev_warn(dev,
				 "no interrupt isolation: set iommufd.allow_unsafe_interrupts to let user space have the device nevertheless\n");
			iommu_group_put(group);
			return ERR_PTR(-EPERM);
		}
		dev_warn_once(dev, "bound without interrupt isolation\n");
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
	if (cookie && cookie_in_use(ictx, *cookie)) {
		rc = -EEXIST;
		iommu_group_put(group);
		goto err_unlock;
	}
	idev->igroup = get_group(ictx, group);
	if (IS_ERR(idev->igroup)) {
		rc = PTR_ERR(idev->igroup);
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

/* Reserve in @ioas what the group cannot use */
static int reserve_group(struct iommufd_group *igroup,
			 struct iommufd_ioas *ioas)
{
	struct rb_root_cached reserved = RB_ROOT_CACHED;
	int rc;

	lockdep_assert_held(&igroup->lock);
	rc = iommufd_iova_add_resv(&reserved, igroup->group, igroup,
				   &igroup->sw_msi_start);
	if (!rc) {
		mutex_lock(&ioas->iova_lock);
		rc = iommufd_ioas_adopt_reserved(ioas, &reserved);
		mutex_unlock(&ioas->iova_lock);
	}
	iommufd_iova_remove(&reserved, NULL);
	return rc;
}

/* The domain maps MSI doorbells where the IOMMU translates them */
static int prepare_msi(struct iommufd_group *igroup, struct iommufd_hwpt *hwpt)
{
	int rc;

	lockdep_assert_held(&hwpt->ioas->attach_lock);
	if (igroup->sw_msi_start == PHYS_ADDR_MAX || hwpt->msi_cookie)
		return 0;
	rc = iommu_get_msi_cookie(hwpt->domain, igroup->sw_msi_start);
	/* Without software MSIs there is nothing to map */
	if (rc && rc != -ENODEV)
		return rc;
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
		rc = reserve_group(igroup, hwpt->ioas);
		if (rc)
			return rc;
	}
	rc = prepare_msi(igroup, hwpt);
	if (rc)
		goto err_release;
	if (cur)
		rc = iommu_group_replace_domain(igroup->group, hwpt->domain);
	else
		rc = iommu_attach_group(hwpt->domain, igroup->group);
	if (rc)
		goto err_release;

	igroup->hwpt = hwpt;
	if (cur) {
		if (new_ioas)
			iommufd_ioas_release_reserved(cur->ioas, igroup);
		drop_hwpt(ictx, cur, old);
	}
	return 0;

err_release:
	if (new_ioas)
		iommufd_ioas_release_reserved(hwpt->ioas, igroup);
	return rc;
}

/* Can the device use this table, as it is? */
static int check_hwpt(struct iommufd_hwpt *hwpt, struct device *dev)
{
	int rc;

	if (dev->bus->iommu_ops->default_domain_ops != hwpt->domain->ops)
		return -EINVAL;
	rc = iommu_domain_finalise(hwpt->domain, dev);
	return rc == -ENOMEM ? rc : rc ? -EINVAL : 0;
}

static int set_existing_hwpt(struct iommufd_device *idev,
			     struct iommufd_hwpt *hwpt,
			     struct iommufd_hwpt **old)
{
	int rc;

	rc = check_hwpt(hwpt, idev->dev);
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
					   struct device *dev)
{
	struct iommufd_hwpt *hwpt, *found = NULL;

	down_read(&ioas->tables_lock);
	list_for_each_entry(hwpt, &ioas->tables, entry) {
		/* No use can be had of one that is on its way out */
		if (hwpt->automatic && !check_hwpt(hwpt, dev) &&
		    !iommufd_object_use(ioas->ictx, &hwpt->obj)) {
			found = hwpt;
			break;
		}
	}
	up_read(&ioas->tables_lock);
	return found;
}

/* Make a table for the device, and its group use it */
static int set_new_hwpt(struct iommufd_device *idev, struct iommufd_ioas *ioas,
			struct iommufd_hwpt **old)
{
	struct iommufd_hwpt *hwpt;
	int rc;

	hwpt = iommufd_hwpt_alloc(ioas, idev->dev, true);
	if (IS_ERR(hwpt))
		return PTR_ERR(hwpt);
	iommufd_object_use(idev->ictx, &hwpt->obj);
	rc = set_hwpt(idev->igroup, hwpt, old);
	if (rc) {
		iommufd_object_unuse(idev->ictx, &hwpt->obj);
		iommufd_hwpt_abort(hwpt);
		return rc;
	}
	iommufd_object_publish(idev->ictx, &hwpt->obj);
	return 0;
}

static int set_automatic_hwpt(struct iommufd_device *idev,
			      struct iommufd_ioas *ioas,
			      struct iommufd_hwpt **old)
{
	struct iommufd_hwpt *hwpt;
	int rc;

	mutex_lock(&ioas->attach_lock);
	hwpt = find_automatic(ioas, idev->dev);
	if (!hwpt) {
		rc = set_new_hwpt(idev, ioas, old);
	} else {
		rc = set_hwpt(idev->igroup, hwpt, old);
		if (rc)
			drop_hwpt(idev->ictx, hwpt, old);
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
		return set_existing_hwpt(idev,
					 container_of(pt, struct iommufd_hwpt,
						      obj), old);
	case IOMMUFD_OBJ_IOAS:
		if (cur && cur->automatic && &cur->ioas->obj == pt)
			return 0;
		return set_automatic_hwpt(idev,
					  container_of(pt, struct iommufd_ioas,
						       obj), old);
	default:
		return -EINVAL;
	}
}

/* Is the group of @idev, attached by another device, on @pt already? */
static int join_group(struct iommufd_group *igroup, struct iommufd_object *pt)
{
	struct iommufd_hwpt *cur = igroup->hwpt;

	if (pt == &cur->obj || (pt == &cur->ioas->obj && cur->automatic))
		return 0;
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
		rc = join_group(igroup, pt);
	else
		rc = set_pt(idev, pt, &old);
	if (!rc) {
		if (!replace) {
			idev->attached = true;
			igroup->attached++;
		}
		*pt_id = igroup->hwpt->obj.id;
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
	struct iommufd_hwpt *cur;

	mutex_lock(&igroup->lock);
	if (!WARN_ON(!idev->attached)) {
		idev->attached = false;
		if (!--igroup->attached) {
			cur = igroup->hwpt;
			iommu_detach_group(cur->domain, igroup->group);
			igroup->hwpt = NULL;
			iommufd_ioas_release_reserved(cur->ioas, igroup);
			drop_hwpt(ictx, cur, &old);
		}
	}
	mutex_unlock(&igroup->lock);
	put_old_hwpt(ictx, old);
}
EXPORT_SYMBOL_GPL(iommufd_device_detach);
