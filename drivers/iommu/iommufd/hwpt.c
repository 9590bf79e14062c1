// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hardware page tables (HWPT): those that follow an IOAS, and the command that
 * makes them and nested ones (nested.c).
 *
 * A table is complete from the moment it exists: it is made for the IOMMU of a
 * device, its limits are reserved in the IOAS, it is filled with all mappings,
 * and only then can a device be attached to it. So replacing one table by
 * another under a running device loses no mapping.
 *
 * The first table of an IOAS pins the memory of all its areas, further ones
 * read the page numbers from it, the last one lets the memory go. A table is
 * taken away when no device uses it any more.
 */
#include <linux/list.h>
#include <linux/mm.h>

#include "fault.h"
#include "nesting.h"

/* What the drivers serve */
#define HWPT_ALLOC_FLAGS \
	(IOMMU_HWPT_ALLOC_DIRTY_TRACKING | IOMMU_HWPT_ALLOC_NEST_PARENT | \
	 IOMMU_HWPT_FAULT_ID_VALID)

static struct iommu_domain *
alloc_domain(struct device *dev, const struct iommu_domain_request *request,
	     enum iommufd_stage wanted, bool *snoop)
{
	bool try_snoop = true;
	int rc;

	for (;;) {
		struct iommu_domain *domain;

		if (request)
			domain = iommu_domain_alloc_request(dev, request);
		else
			domain = iommu_domain_alloc(dev->bus) ?:
				 ERR_PTR(-ENOMEM);
		if (IS_ERR(domain))
			return domain;
		if (wanted == IOMMUFD_STAGE_NESTED) {
			rc = iommu_enable_nesting(domain);
			if (rc) {
				iommu_domain_free(domain);
				return ERR_PTR(rc);
			}
		}
		*snoop = try_snoop && domain->ops->enforce_cache_coherency &&
			 domain->ops->enforce_cache_coherency(domain);
		rc = iommu_domain_finalise(domain, dev);
		if (!rc)
			return domain;
		iommu_domain_free(domain);
		if (!*snoop)
			return ERR_PTR(rc);
		/* This IOMMU may not be able to enforce it */
		try_snoop = false;
	}
}

/**
 * iommufd_domain_alloc() - make a domain for the IOMMU of a device
 * @igroup: the device's group
 * @dev: the device
 * @request: what the domain shall be able to do, or NULL
 * @wanted: IOMMUFD_STAGE_NESTED for a domain on which nesting is enabled
 * @snoop: returns true if DMA through the domain is coherent even if a device
 *         asks for no snoop; it is if the IOMMU can do that
 *
 * Return: a domain whose geometry and page sizes are known, or an ERR_PTR.
 */
struct iommu_domain *
iommufd_domain_alloc(struct iommufd_group *igroup, struct device *dev,
		     const struct iommu_domain_request *request,
		     enum iommufd_stage wanted, bool *snoop)
{
	if (igroup->no_iommu) {
		*snoop = false;
		return iommufd_noiommu_domain_alloc(request);
	}
	return alloc_domain(dev, request, wanted, snoop);
}

/* Will DMA of the device be coherent through any table that is made for it? */
bool iommufd_can_enforce_snoop(struct device *dev)
{
	struct iommu_domain *domain;
	bool snoop;

	if (!device_iommu_mapped(dev))
		return false;
	domain = alloc_domain(dev, NULL, IOMMUFD_STAGE_1, &snoop);
	if (IS_ERR(domain))
		return false;
	iommu_domain_free(domain);
	return snoop;
}

static unsigned long domain_alignment(struct iommu_domain *domain)
{
	return 1UL << __ffs(domain->pgsize_bitmap);
}

/* What the tables of an IOAS, one that is to be added, and accesses demand */
static unsigned long wanted_alignment(struct iommufd_ioas *ioas,
				      struct iommufd_hwpt *new, bool huge_pages)
{
	unsigned long alignment = huge_pages ? 1 : PAGE_SIZE;
	struct iommufd_hwpt *hwpt;

	lockdep_assert_held(&ioas->tables_lock);
	list_for_each_entry(hwpt, &ioas->tables, entry)
		alignment = max(alignment, domain_alignment(hwpt->domain));
	if (new)
		alignment = max(alignment, domain_alignment(new->domain));
	if (iommufd_ioas_has_pinning_access(ioas))
		alignment = max(alignment, PAGE_SIZE);
	return alignment;
}

/* After a change of the accesses; tables_lock is held for writing */
int iommufd_ioas_update_alignment(struct iommufd_ioas *ioas)
{
	int rc;

	lockdep_assert_held_write(&ioas->tables_lock);
	mutex_lock(&ioas->iova_lock);
	rc = iommufd_ioas_set_alignment(ioas, wanted_alignment(ioas, NULL,
							       ioas->huge_pages));
	mutex_unlock(&ioas->iova_lock);
	return rc;
}

/* Set IOMMU_OPTION_HUGE_PAGES; tables_lock is held for writing */
int iommufd_ioas_set_huge_pages(struct iommufd_ioas *ioas, bool huge_pages)
{
	int rc = -EINVAL;

	lockdep_assert_held_write(&ioas->tables_lock);
	if (huge_pages == ioas->huge_pages)
		return 0;
	mutex_lock(&ioas->iova_lock);
	/* Pages that are combined already are not taken apart */
	if (!huge_pages && ioas->storage && !RB_EMPTY_ROOT(&ioas->areas))
		goto out_unlock;
	rc = iommufd_ioas_set_alignment(ioas, wanted_alignment(ioas, NULL,
							       huge_pages));
	if (!rc)
		ioas->huge_pages = huge_pages;
out_unlock:
	mutex_unlock(&ioas->iova_lock);
	return rc;
}

/* Bring the limits of a new table into the IOAS */
static int adopt_limits(struct iommufd_ioas *ioas, struct iommufd_hwpt *hwpt)
{
	struct rb_root_cached reserved = RB_ROOT_CACHED;
	unsigned long old_alignment;
	int rc;

	rc = iommufd_iova_add_aperture(&reserved, hwpt->domain, hwpt);
	if (rc)
		goto out_free;

	mutex_lock(&ioas->iova_lock);
	old_alignment = ioas->alignment;
	rc = iommufd_ioas_set_alignment(ioas,
					wanted_alignment(ioas, hwpt,
							 ioas->huge_pages));
	if (!rc) {
		rc = iommufd_ioas_adopt_reserved(ioas, &reserved);
		if (rc)
			ioas->alignment = old_alignment;
	}
	mutex_unlock(&ioas->iova_lock);
out_free:
	iommufd_iova_remove(&reserved, NULL);
	return rc;
}

static void drop_limits(struct iommufd_ioas *ioas, struct iommufd_hwpt *hwpt)
{
	iommufd_ioas_release_reserved(ioas, hwpt);
	iommufd_ioas_release_reserved(ioas, &hwpt->msi_cookie);
	mutex_lock(&ioas->iova_lock);
	ioas->alignment = wanted_alignment(ioas, NULL, ioas->huge_pages);
	mutex_unlock(&ioas->iova_lock);
}

/* Pin all areas into the first table */
static int fill_first(struct iommufd_ioas *ioas, struct iommufd_hwpt *hwpt)
{
	struct iommufd_area *area, *failed;
	int rc = 0;

	lockdep_assert_held_write(&ioas->tables_lock);
	mutex_lock(&ioas->mmio_lock);
	list_add(&hwpt->entry, &ioas->tables);
	WRITE_ONCE(ioas->storage, hwpt);
	mutex_unlock(&ioas->mmio_lock);
	iommufd_for_each_area(area, ioas, 0, ULONG_MAX) {
		rc = iommufd_area_fill(area);
		if (rc)
			break;
	}
	if (!rc)
		return 0;

	failed = area;
	iommufd_for_each_area(area, ioas, 0, ULONG_MAX) {
		if (area == failed)
			break;
		iommufd_area_unfill(area);
	}
	iommufd_mmio_remove_last(ioas, hwpt);
	return rc;
}

/* Empty a table that has all areas up to @end, or all with NULL */
static void unmap_further(struct iommufd_ioas *ioas, struct iommufd_hwpt *hwpt,
			  struct iommufd_area *end)
{
	struct iommufd_area *area;

	lockdep_assert_held_write(&ioas->tables_lock);
	lockdep_assert_held(&ioas->mmio_lock);
	iommufd_for_each_area(area, ioas, 0, ULONG_MAX) {
		if (area == end)
			break;
		if (area->absent)
			continue;
		iommufd_table_unmap(hwpt->domain, area->iova,
				    iommufd_area_length(area));
	}
}

/* Copy all areas into a further table */
static int fill_further(struct iommufd_ioas *ioas, struct iommufd_hwpt *hwpt)
{
	struct iommufd_area *area;
	int rc = 0;

	lockdep_assert_held_write(&ioas->tables_lock);
	mutex_lock(&ioas->mmio_lock);
	iommufd_for_each_area(area, ioas, 0, ULONG_MAX) {
		rc = iommufd_area_fill_table(area, hwpt);
		if (rc) {
			unmap_further(ioas, hwpt, area);
			goto out_unlock;
		}
	}
	list_add_tail(&hwpt->entry, &ioas->tables);
out_unlock:
	mutex_unlock(&ioas->mmio_lock);
	return rc;
}

/* Read page numbers from another table than @hwpt from here on */
static void move_storage(struct iommufd_ioas *ioas, struct iommufd_hwpt *hwpt)
{
	struct iommufd_hwpt *other =
		list_first_entry(&ioas->tables, struct iommufd_hwpt, entry);
	struct iommufd_area *area;

	lockdep_assert_held_write(&ioas->tables_lock);
	if (other == hwpt)
		other = list_next_entry(hwpt, entry);
	WRITE_ONCE(ioas->storage, other);
	iommufd_for_each_area(area, ioas, 0, ULONG_MAX)
		iommufd_area_sync_holder(area);
}

static int add_table(struct iommufd_ioas *ioas, struct iommufd_hwpt *hwpt)
{
	int rc;

	down_write(&ioas->tables_lock);
	rc = adopt_limits(ioas, hwpt);
	if (rc)
		goto out_unlock;
	if (ioas->storage)
		rc = fill_further(ioas, hwpt);
	else
		rc = fill_first(ioas, hwpt);
	if (rc)
		drop_limits(ioas, hwpt);
out_unlock:
	up_write(&ioas->tables_lock);
	return rc;
}

static void remove_table(struct iommufd_ioas *ioas, struct iommufd_hwpt *hwpt)
{
	struct iommufd_area *area;

	down_write(&ioas->tables_lock);
	if (list_is_singular(&ioas->tables)) {
		iommufd_for_each_area(area, ioas, 0, ULONG_MAX)
			iommufd_area_unfill(area);
		iommufd_mmio_remove_last(ioas, hwpt);
	} else {
		if (ioas->storage == hwpt)
			move_storage(ioas, hwpt);
		mutex_lock(&ioas->mmio_lock);
		list_del(&hwpt->entry);
		unmap_further(ioas, hwpt, NULL);
		mutex_unlock(&ioas->mmio_lock);
	}
	drop_limits(ioas, hwpt);
	up_write(&ioas->tables_lock);
}

/**
 * iommufd_hwpt_alloc() - make a table for an IOAS
 * @ioas: the IOAS
 * @igroup: for devices of this group
 * @dev: one of them
 * @request: what the table shall be able to do, or NULL
 * @automatic: to go with the last device that uses it
 * @wanted: IOMMUFD_STAGE_NESTED to let it nest, where the IOMMU can do that
 *
 * Return: the table, filled and not published, or an ERR_PTR: -EADDRINUSE if
 * mappings or allowed IOVAs of the IOAS are outside the limits of the IOMMU,
 * -EFAULT if memory of a mapping is gone, -EOPNOTSUPP if the IOMMU cannot do
 * what is requested, -ENOMEM.
 */
struct iommufd_hwpt *
iommufd_hwpt_alloc(struct iommufd_ioas *ioas, struct iommufd_group *igroup,
		   struct device *dev,
		   const struct iommu_domain_request *request, bool automatic,
		   enum iommufd_stage wanted)
{
	struct iommufd_ctx *ictx = ioas->ictx;
	struct iommufd_hwpt *hwpt;
	int rc;

	hwpt = iommufd_object_alloc(ictx, hwpt, IOMMUFD_OBJ_HWPT);
	if (IS_ERR(hwpt))
		return hwpt;
	hwpt->ioas = ioas;
	hwpt->automatic = automatic;
	hwpt->wanted = wanted;
	hwpt->nest_parent = request && request->nest_parent;
	mutex_init(&hwpt->dirty_lock);
	rc = iommufd_object_use(ictx, &ioas->obj);
	if (rc)
		goto err_abort;
	hwpt->domain = iommufd_domain_alloc(igroup, dev, request, wanted,
					    &hwpt->enforce_snoop);
	if (IS_ERR(hwpt->domain)) {
		rc = PTR_ERR(hwpt->domain);
		goto err_unuse;
	}
	hwpt->stage = iommufd_choose_stage(wanted,
					   iommufd_stages(dev, hwpt->domain),
					   true);
	rc = add_table(ioas, hwpt);
	if (rc)
		goto err_domain;
	return hwpt;

err_domain:
	iommu_domain_free(hwpt->domain);
err_unuse:
	iommufd_object_unuse(ictx, &ioas->obj);
err_abort:
	iommufd_object_abort(ictx, &hwpt->obj);
	return ERR_PTR(rc);
}

void iommufd_hwpt_destroy(struct iommufd_ctx *ictx, struct iommufd_object *obj)
{
	struct iommufd_hwpt *hwpt = container_of(obj, struct iommufd_hwpt, obj);

	iommufd_hwpt_unuse_fault_queue(hwpt);
	remove_table(hwpt->ioas, hwpt);
	iommu_domain_free(hwpt->domain);
	iommufd_object_unuse(ictx, &hwpt->ioas->obj);
}

/* Undo iommufd_hwpt_alloc() of a table that was not published */
void iommufd_hwpt_abort(struct iommufd_hwpt *hwpt)
{
	struct iommufd_ctx *ictx = hwpt->ioas->ictx;

	iommufd_hwpt_destroy(ictx, &hwpt->obj);
	iommufd_object_abort(ictx, &hwpt->obj);
}

/* Give up a use of a table; an automatic one without further uses goes */
void iommufd_hwpt_unuse(struct iommufd_hwpt *hwpt)
{
	struct iommufd_ctx *ictx = hwpt->ioas->ictx;

	refcount_inc(&hwpt->obj.refs);
	iommufd_object_unuse(ictx, &hwpt->obj);
	if (hwpt->automatic)
		iommufd_object_destroy(ictx, &hwpt->obj);
	else
		iommufd_object_put(ictx, &hwpt->obj);
}

/**
 * iommufd_get_pt() - get what something is to be made on
 * @ictx: context
 * @id: of any object
 *
 * An automatic table goes with its last use, and waits for references then: who
 * may be the last one to give up a use may have none. So a table comes with a use.
 *
 * Return: the object, for iommufd_put_pt(), or an ERR_PTR: -ENOENT.
 */
struct iommufd_object *iommufd_get_pt(struct iommufd_ctx *ictx, u32 id)
{
	struct iommufd_object *pt;
	int rc;

	pt = iommufd_object_get(ictx, id, IOMMUFD_OBJ_ANY);
	if (IS_ERR(pt) || pt->type != IOMMUFD_OBJ_HWPT)
		return pt;
	rc = iommufd_object_use(ictx, pt);
	iommufd_object_put(ictx, pt);
	return rc ? ERR_PTR(rc) : pt;
}

void iommufd_put_pt(struct iommufd_ctx *ictx, struct iommufd_object *pt)
{
	if (pt->type == IOMMUFD_OBJ_HWPT)
		iommufd_hwpt_unuse(container_of(pt, struct iommufd_hwpt, obj));
	else
		iommufd_object_put(ictx, pt);
}

/* A parent for nested tables that was made here and suits; with a use */
static struct iommufd_hwpt *find_nest_parent(struct iommufd_ioas *ioas,
					     struct iommufd_device *idev)
{
	struct iommufd_hwpt *hwpt, *found = NULL;

	down_read(&ioas->tables_lock);
	list_for_each_entry(hwpt, &ioas->tables, entry) {
		if (hwpt->automatic && hwpt->nest_parent &&
		    !iommufd_hwpt_suits(hwpt, idev->igroup, idev->dev) &&
		    !iommufd_object_use(ioas->ictx, &hwpt->obj)) {
			found = hwpt;
			break;
		}
	}
	up_read(&ioas->tables_lock);
	return found;
}

/**
 * iommufd_hwpt_use_nest_parent() - get a parent for nested tables
 * @ioas: IOAS that it shall follow
 * @idev: device for which nested tables are made
 *
 * Return: a table with a use for the caller, who gives it up by
 * iommufd_hwpt_unuse(); or an ERR_PTR as iommufd_hwpt_alloc().
 */
struct iommufd_hwpt *iommufd_hwpt_use_nest_parent(struct iommufd_ioas *ioas,
						  struct iommufd_device *idev)
{
	static const struct iommu_domain_request request = {
		.nest_parent = true,
	};
	struct iommufd_hwpt *hwpt;

	mutex_lock(&ioas->attach_lock);
	hwpt = find_nest_parent(ioas, idev);
	if (!hwpt) {
		hwpt = iommufd_hwpt_alloc(ioas, idev->igroup, idev->dev,
					  &request, true, IOMMUFD_STAGE_1);
		if (!IS_ERR(hwpt)) {
			iommufd_object_use(ioas->ictx, &hwpt->obj);
			iommufd_object_publish(ioas->ictx, &hwpt->obj);
		}
	}
	mutex_unlock(&ioas->attach_lock);
	return hwpt;
}

/**
 * iommufd_hwpt_suits() - tell whether a device can use a table as it is
 * @hwpt: the table, following an IOAS or nested
 * @igroup: the group of the device
 * @dev: the device
 *
 * Return: 0, -EINVAL if it cannot, -ENOMEM.
 */
int iommufd_hwpt_suits(struct iommufd_hwpt *hwpt, struct iommufd_group *igroup,
		       struct device *dev)
{
	int rc;

	if (igroup->no_iommu)
		return iommufd_domain_is_noiommu(hwpt->domain) ? 0 : -EINVAL;
	if (hwpt->parent) {
		rc = iommufd_hwpt_suits(hwpt->parent, igroup, dev) ?:
		     iommufd_nested_suits(hwpt, dev);
		if (rc)
			return rc;
	} else if (dev->bus->iommu_ops->default_domain_ops !=
		   hwpt->domain->ops) {
		return -EINVAL;
	}
	if (hwpt->domain->dirty_ops &&
	    !device_iommu_capable(dev, IOMMU_CAP_DIRTY_TRACKING))
		return -EINVAL;
	rc = iommu_domain_finalise(hwpt->domain, dev);
	return rc == -ENOMEM ? rc : rc ? -EINVAL : 0;
}

static struct iommufd_hwpt *alloc_following(struct iommufd_ioas *ioas,
					    struct iommufd_device *idev,
					    u32 flags,
					    const struct iommufd_user_data *data)
{
	struct iommu_domain_request request = {
		.dirty_tracking = flags & IOMMU_HWPT_ALLOC_DIRTY_TRACKING,
		.nest_parent = flags & IOMMU_HWPT_ALLOC_NEST_PARENT,
		.data_type = data->type,
		.data_len = data->len,
		.data = data->uptr,
	};
	bool plain = !flags && data->type == IOMMU_HWPT_DATA_NONE;

	return iommufd_hwpt_alloc(ioas, idev->igroup, idev->dev,
				  plain ? NULL : &request, false,
				  IOMMUFD_STAGE_1);
}

/* Make a table on an IOAS, or on another table */
static struct iommufd_hwpt *alloc_on(struct iommufd_object *pt,
				     struct iommufd_device *idev, u32 flags,
				     const struct iommufd_user_data *data)
{
	struct iommufd_viommu *viommu;

	switch (pt->type) {
	case IOMMUFD_OBJ_IOAS:
		return alloc_following(container_of(pt, struct iommufd_ioas,
						    obj), idev, flags, data);
	case IOMMUFD_OBJ_HWPT:
		if (flags)
			return ERR_PTR(-EOPNOTSUPP);
		return iommufd_nested_alloc(container_of(pt,
							 struct iommufd_hwpt,
							 obj), idev, data,
					    false);
	case IOMMUFD_OBJ_VIOMMU:
		if (flags)
			return ERR_PTR(-EOPNOTSUPP);
		viommu = container_of(pt, struct iommufd_viommu, obj);
		return iommufd_nested_alloc_on_viommu(viommu, idev, data);
	default:
		return ERR_PTR(-EINVAL);
	}
}

int iommufd_hwpt_alloc_ioctl(struct iommufd_call *call)
{
	struct iommu_hwpt_alloc *cmd = call->cmd;
	struct iommufd_user_data data = {
		.type = cmd->data_type,
		.len = cmd->data_len,
		.uptr = u64_to_user_ptr(cmd->data_uptr),
	};
	struct iommufd_ctx *ictx = call->ictx;
	struct iommufd_device *idev;
	struct iommufd_object *pt;
	struct iommufd_hwpt *hwpt;
	int rc;

	if (cmd->flags & ~HWPT_ALLOC_FLAGS || cmd->__reserved ||
	    cmd->__reserved2)
		return -EOPNOTSUPP;
	if (cmd->data_type == IOMMU_HWPT_DATA_NONE && cmd->data_len)
		return -EINVAL;
	/* The faults of a parent's children are theirs */
	if (cmd->flags & IOMMU_HWPT_ALLOC_NEST_PARENT &&
	    cmd->flags & IOMMU_HWPT_FAULT_ID_VALID)
		return -EOPNOTSUPP;

	idev = iommufd_get_device(ictx, cmd->dev_id);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	if (cmd->flags & IOMMU_HWPT_FAULT_ID_VALID &&
	    !iommufd_reports_faults(idev)) {
		rc = -EOPNOTSUPP;
		goto out_put_device;
	}
	pt = iommufd_get_pt(ictx, cmd->pt_id);
	if (IS_ERR(pt)) {
		rc = PTR_ERR(pt);
		goto out_put_device;
	}
	hwpt = alloc_on(pt, idev, cmd->flags & ~IOMMU_HWPT_FAULT_ID_VALID,
			&data);
	if (IS_ERR(hwpt)) {
		rc = PTR_ERR(hwpt);
		goto out_put_pt;
	}
	cmd->out_hwpt_id = hwpt->obj.id;
	rc = cmd->flags & IOMMU_HWPT_FAULT_ID_VALID ?
	     iommufd_hwpt_use_fault_queue(hwpt, cmd->fault_id) : 0;
	if (!rc)
		rc = iommufd_respond(call, sizeof(*cmd));
	if (!rc)
		iommufd_object_publish(ictx, &hwpt->obj);
	else if (hwpt->parent)
		iommufd_nested_abort(hwpt);
	else
		iommufd_hwpt_abort(hwpt);
out_put_pt:
	iommufd_put_pt(ictx, pt);
out_put_device:
	iommufd_object_put(ictx, &idev->obj);
	return rc;
}
