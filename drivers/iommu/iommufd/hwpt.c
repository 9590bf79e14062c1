// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hardware page tables (HWPT) that follow an IOAS.
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

#include "iommufd_private.h"

/**
 * iommufd_domain_alloc() - make a domain for the IOMMU of a device
 * @dev: the device
 * @snoop: returns true if DMA through the domain is coherent even if a device
 *         asks for no snoop; it is if the IOMMU can do that
 *
 * Return: a domain whose geometry and page sizes are known, or an ERR_PTR.
 */
struct iommu_domain *iommufd_domain_alloc(struct device *dev, bool *snoop)
{
	bool try_snoop = true;
	int rc;

	for (;;) {
		struct iommu_domain *domain = iommu_domain_alloc(dev->bus);

		if (!domain)
			return ERR_PTR(-ENOMEM);
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

static unsigned long domain_alignment(struct iommu_domain *domain)
{
	return 1UL << __ffs(domain->pgsize_bitmap);
}

/* What the tables of an IOAS, and one that is to be added, demand */
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
	return alignment;
}

/* Set IOMMU_OPTION_HUGE_PAGES; tables_lock is held for writing */
int iommufd_ioas_set_huge_pages(struct iommufd_ioas *ioas, bool huge_pages)
{
	int rc = -EINVAL;

	lockdep_assert_held_write(&ioas->tables_lock);
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
	mutex_lock(&ioas->iova_lock);
	ioas->alignment = wanted_alignment(ioas, NULL, ioas->huge_pages);
	mutex_unlock(&ioas->iova_lock);
}

/* Pin all areas into the first table */
static int fill_first(struct iommufd_ioas *ioas, struct iommufd_hwpt *hwpt)
{
	struct iommufd_area *area, *failed;
	int rc = 0;

	list_add(&hwpt->entry, &ioas->tables);
	WRITE_ONCE(ioas->storage, hwpt);
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
	WRITE_ONCE(ioas->storage, NULL);
	list_del(&hwpt->entry);
	return rc;
}

/* Empty a table that has all areas up to @end, or all with NULL */
static void unmap_further(struct iommufd_ioas *ioas, struct iommufd_hwpt *hwpt,
			  struct iommufd_area *end)
{
	struct iommufd_area *area;

	iommufd_for_each_area(area, ioas, 0, ULONG_MAX) {
		if (area == end)
			break;
		iommufd_table_unmap(hwpt->domain, area->iova,
				    iommufd_area_length(area));
	}
}

/* Copy all areas into a further table */
static int fill_further(struct iommufd_ioas *ioas, struct iommufd_hwpt *hwpt)
{
	struct iommufd_area *area;
	int rc;

	iommufd_for_each_area(area, ioas, 0, ULONG_MAX) {
		rc = iommufd_area_fill_table(area, hwpt);
		if (rc) {
			unmap_further(ioas, hwpt, area);
			return rc;
		}
	}
	list_add_tail(&hwpt->entry, &ioas->tables);
	return 0;
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
		WRITE_ONCE(ioas->storage, NULL);
		list_del(&hwpt->entry);
	} else {
		list_del(&hwpt->entry);
		if (ioas->storage == hwpt) {
			WRITE_ONCE(ioas->storage,
				   list_first_entry(&ioas->tables,
						    struct iommufd_hwpt, entry));
			iommufd_for_each_area(area, ioas, 0, ULONG_MAX)
				iommufd_area_sync_holder(area);
		}
		unmap_further(ioas, hwpt, NULL);
	}
	drop_limits(ioas, hwpt);
	up_write(&ioas->tables_lock);
}

/**
 * iommufd_hwpt_alloc() - make a table for an IOAS
 * @ioas: the IOAS
 * @dev: for the IOMMU of this device
 * @automatic: to go with the last device that uses it
 *
 * Return: the table, filled and not published, or an ERR_PTR: -EADDRINUSE if
 * mappings or allowed IOVAs of the IOAS are outside the limits of the IOMMU,
 * -EFAULT if memory of a mapping is gone, -ENOMEM.
 */
struct iommufd_hwpt *iommufd_hwpt_alloc(struct iommufd_ioas *ioas,
					struct device *dev, bool automatic)
{
	struct iommufd_ctx *ictx = ioas->ictx;
	struct iommufd_hwpt *hwpt;
	int rc;

	hwpt = iommufd_object_alloc(ictx, hwpt, IOMMUFD_OBJ_HWPT);
	if (IS_ERR(hwpt))
		return hwpt;
	hwpt->ioas = ioas;
	hwpt->automatic = automatic;
	rc = iommufd_object_use(ictx, &ioas->obj);
	if (rc)
		goto err_abort;
	hwpt->domain = iommufd_domain_alloc(dev, &hwpt->enforce_snoop);
	if (IS_ERR(hwpt->domain)) {
		rc = PTR_ERR(hwpt->domain);
		goto err_unuse;
	}
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

int iommufd_hwpt_alloc_ioctl(struct iommufd_call *call)
{
	struct iommu_hwpt_alloc *cmd = call->cmd;
	struct iommufd_ctx *ictx = call->ictx;
	struct iommufd_device *idev;
	struct iommufd_object *pt;
	struct iommufd_hwpt *hwpt;
	int rc = 0;

	/* No flag is served by the drivers yet */
	if (cmd->flags || cmd->__reserved || cmd->__reserved2)
		return -EOPNOTSUPP;
	if (cmd->data_type == IOMMU_HWPT_DATA_NONE && cmd->data_len)
		return -EINVAL;

	idev = iommufd_get_device(ictx, cmd->dev_id);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	pt = iommufd_object_get(ictx, cmd->pt_id, IOMMUFD_OBJ_ANY);
	if (IS_ERR(pt)) {
		rc = PTR_ERR(pt);
		goto out_put_device;
	}
	if (pt->type != IOMMUFD_OBJ_IOAS)
		rc = -EINVAL;
	else if (cmd->data_type != IOMMU_HWPT_DATA_NONE)
		rc = -EOPNOTSUPP;
	if (rc)
		goto out_put_pt;

	hwpt = iommufd_hwpt_alloc(container_of(pt, struct iommufd_ioas, obj),
				  idev->dev, false);
	if (IS_ERR(hwpt)) {
		rc = PTR_ERR(hwpt);
		goto out_put_pt;
	}
	cmd->out_hwpt_id = hwpt->obj.id;
	rc = iommufd_respond(call, sizeof(*cmd));
	if (rc)
		iommufd_hwpt_abort(hwpt);
	else
		iommufd_object_publish(ictx, &hwpt->obj);
out_put_pt:
	iommufd_object_put(ictx, pt);
out_put_device:
	iommufd_object_put(ictx, &idev->obj);
	return rc;
}
