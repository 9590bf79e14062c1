// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nested hardware page tables: user-managed tables on top of a parent.
 *
 * A nested table is a domain that the driver made of data of the user, and a use
 * of its parent, or of a vIOMMU on that, which stays as long as the nested table
 * does. What is mapped is
 * between the user and the hardware; the kernel knows the parent only. A group
 * that is attached to the nested table is in the parent's IOAS as one that is
 * attached to the parent: what it cannot use is reserved there, and its doorbells
 * are mapped there.
 *
 * A nested table never changes. Which device suits it is asked at each attach,
 * before anything is touched: the format must be one of the driver of the
 * device's IOMMU, the device able to have it, and the parent be one that the
 * device could be attached to.
 */
#include "fault.h"
#include "nesting.h"

/* Let the driver make the domain, for which everything has been checked */
static int alloc_domain(struct iommufd_hwpt *hwpt, struct device *dev,
			const struct iommu_user_format *format,
			struct iommu_viommu *viommu, const void *data)
{
	struct iommu_domain *parent = hwpt->parent->domain;
	struct iommu_nested_domain *nested;

	nested = format->domain_alloc(dev, parent, viommu, data);
	if (IS_ERR(nested))
		return PTR_ERR(nested);
	nested->domain.type = IOMMU_DOMAIN_NESTED;
	nested->format = format;
	nested->parent = parent;
	nested->viommu = viommu;
	hwpt->domain = &nested->domain;
	return 0;
}

/* The same, with the vIOMMU that a format needs and user space did not make */
static int alloc_with_viommu(struct iommufd_hwpt *hwpt, struct device *dev,
			     const struct iommu_user_format *format,
			     const void *data)
{
	struct iommu_viommu *viommu;
	int rc;

	if (!format->needs_viommu)
		return alloc_domain(hwpt, dev, format, NULL, data);
	viommu = iommufd_viommu_create(format->viommu, hwpt->parent->domain,
				       dev, NULL, NULL);
	if (IS_ERR(viommu))
		return PTR_ERR(viommu);
	rc = alloc_domain(hwpt, dev, format, viommu, data);
	if (rc)
		iommufd_viommu_free(viommu);
	return rc;
}

/* A format that can be made on a parent, with the user's data */
static const struct iommu_user_format *
choose_format(struct iommufd_hwpt *parent, struct iommufd_device *idev,
	      const struct iommufd_user_data *user,
	      const struct iommu_viommu_ops *viommu, bool make_viommu,
	      void *data)
{
	const struct iommu_user_format *format;
	struct iommu_user_format_info info = {};
	int rc;

	/* A plain table was asked for, and this is no IOAS */
	if (user->type == IOMMU_HWPT_DATA_NONE && !parent->nest_parent)
		return ERR_PTR(-EINVAL);
	format = iommufd_find_format(idev, user->type);
	if (!format || (viommu && format->viommu != viommu) ||
	    (!viommu && !make_viommu && format->needs_viommu))
		return ERR_PTR(-EOPNOTSUPP);
	rc = format->probe(idev->dev, &info);
	if (rc)
		return ERR_PTR(rc);
	if (!parent->nest_parent)
		return ERR_PTR(-EINVAL);
	rc = iommufd_hwpt_suits(parent, idev->igroup, idev->dev);
	if (rc)
		return ERR_PTR(rc);
	rc = iommufd_copy_user_data(data, format->data_min, format->data_len,
				    user);
	return rc ? ERR_PTR(rc) : format;
}

/* A nested table without domain */
static struct iommufd_hwpt *alloc_hwpt(struct iommufd_hwpt *parent)
{
	struct iommufd_hwpt *hwpt;

	hwpt = iommufd_object_alloc(parent->ioas->ictx, hwpt,
				    IOMMUFD_OBJ_HWPT_NESTED);
	if (IS_ERR(hwpt))
		return hwpt;
	hwpt->ioas = parent->ioas;
	hwpt->parent = parent;
	hwpt->enforce_snoop = parent->enforce_snoop;
	return hwpt;
}

/**
 * iommufd_nested_alloc() - make a nested table
 * @parent: on this table
 * @idev: for the IOMMU of this device
 * @user: format, and data that the driver makes it of
 * @make_viommu: make the vIOMMU that the format needs, too
 *
 * Return: the table, not published, or an ERR_PTR: -EOPNOTSUPP if the device
 * cannot have the format, -EPERM if it could but that would not be safe, -EINVAL
 * if the parent cannot be one, is of another IOMMU, or the length is wrong,
 * -EFAULT, -ENOMEM, and what the driver says of its data.
 */
struct iommufd_hwpt *iommufd_nested_alloc(struct iommufd_hwpt *parent,
					  struct iommufd_device *idev,
					  const struct iommufd_user_data *user,
					  bool make_viommu)
{
	u64 data[IOMMU_USER_DATA_MAX / sizeof(u64)];
	const struct iommu_user_format *format;
	struct iommufd_ctx *ictx = idev->ictx;
	struct iommufd_hwpt *hwpt;
	int rc;

	format = choose_format(parent, idev, user, NULL, make_viommu, data);
	if (IS_ERR(format))
		return ERR_CAST(format);
	hwpt = alloc_hwpt(parent);
	if (IS_ERR(hwpt))
		return hwpt;
	rc = iommufd_object_use(ictx, &parent->obj);
	if (rc)
		goto err_abort;
	rc = alloc_with_viommu(hwpt, idev->dev, format, data);
	if (rc)
		goto err_unuse;
	return hwpt;

err_unuse:
	iommufd_object_unuse(ictx, &parent->obj);
err_abort:
	iommufd_object_abort(ictx, &hwpt->obj);
	return ERR_PTR(rc);
}

/**
 * iommufd_nested_alloc_on_viommu() - make a nested table of a vIOMMU
 * @viommu: the vIOMMU
 * @idev: for this device
 * @user: format, and data that the driver makes it of
 *
 * Return: as iommufd_nested_alloc(); -EOPNOTSUPP for a format of another kind of
 * vIOMMU, too.
 */
struct iommufd_hwpt *
iommufd_nested_alloc_on_viommu(struct iommufd_viommu *viommu,
			       struct iommufd_device *idev,
			       const struct iommufd_user_data *user)
{
	u64 data[IOMMU_USER_DATA_MAX / sizeof(u64)];
	const struct iommu_user_format *format;
	struct iommufd_ctx *ictx = idev->ictx;
	struct iommufd_hwpt *hwpt;
	int rc;

	format = choose_format(viommu->parent, idev, user,
			       viommu->viommu->type, false, data);
	if (IS_ERR(format))
		return ERR_CAST(format);
	hwpt = alloc_hwpt(viommu->parent);
	if (IS_ERR(hwpt))
		return hwpt;
	hwpt->viommu = viommu;
	rc = iommufd_object_use(ictx, &viommu->obj);
	if (rc)
		goto err_abort;
	rc = alloc_domain(hwpt, idev->dev, format, viommu->viommu, data);
	if (rc)
		goto err_unuse;
	return hwpt;

err_unuse:
	iommufd_object_unuse(ictx, &viommu->obj);
err_abort:
	iommufd_object_abort(ictx, &hwpt->obj);
	return ERR_PTR(rc);
}

void iommufd_nested_destroy(struct iommufd_ctx *ictx,
			    struct iommufd_object *obj)
{
	struct iommufd_hwpt *hwpt = container_of(obj, struct iommufd_hwpt, obj);
	struct iommu_viommu *viommu = to_nested_domain(hwpt->domain)->viommu;

	iommufd_hwpt_unuse_fault_queue(hwpt);
	iommu_domain_free(hwpt->domain);
	if (hwpt->viommu) {
		iommufd_object_unuse(ictx, &hwpt->viommu->obj);
		return;
	}
	if (viommu)
		iommufd_viommu_free(viommu);
	iommufd_hwpt_unuse(hwpt->parent);
}

/* Undo iommufd_nested_alloc() of a table that was not published */
void iommufd_nested_abort(struct iommufd_hwpt *hwpt)
{
	struct iommufd_ctx *ictx = hwpt->ioas->ictx;

	iommufd_nested_destroy(ictx, &hwpt->obj);
	iommufd_object_abort(ictx, &hwpt->obj);
}

/* Can a device that could use the parent use the nested table, too? */
int iommufd_nested_suits(struct iommufd_hwpt *hwpt, struct device *dev)
{
	struct iommu_nested_domain *nested = to_nested_domain(hwpt->domain);

	return iommufd_format_suits(nested->format, dev) ? 0 : -EINVAL;
}

/**
 * iommufd_nested_knows() - tell whether a device is where a nested table needs it
 * @hwpt: any table
 * @idev: device that shall be attached to it
 *
 * The driver does not ask: it must be able to go back to a table, too, whose guest
 * has lost the device meanwhile.
 *
 * Return: 0, or -ENOENT if the table is one of a vIOMMU that user space made, and
 * the device has no vDEVICE there.
 */
int iommufd_nested_knows(struct iommufd_hwpt *hwpt, struct iommufd_device *idev)
{
	lockdep_assert_held(&idev->igroup->lock);
	if (!hwpt->viommu)
		return 0;
	return idev->vdevice && idev->vdevice->viommu == hwpt->viommu ? 0 :
								       -ENOENT;
}

/*
 * Invalidation
 */

static int invalidate(void *target, struct device *dev, const void *array,
		      u32 num, u32 *done)
{
	struct iommu_nested_domain *nested = target;

	return nested->format->invalidate(nested, dev, array, num, done);
}

/**
 * iommufd_nested_invalidate() - drop what the IOMMU has cached of a nested table
 * @hwpt: the nested table
 * @entries: what to drop; returns how many have been done
 *
 * Return: 0 if all are done; -EOPNOTSUPP if tables of this format are not
 * invalidated by themselves; as iommufd_for_entries().
 */
int iommufd_nested_invalidate(struct iommufd_hwpt *hwpt,
			      struct iommufd_entries *entries)
{
	struct iommu_nested_domain *nested = to_nested_domain(hwpt->domain);
	const struct iommu_user_format *format = nested->format;

	if (!format->invalidate_len)
		return -EOPNOTSUPP;
	return iommufd_for_entries(entries, format->invalidate_type,
				   format->invalidate_len, false, invalidate,
				   nested);
}

static int invalidate_object(struct iommufd_object *obj,
			     struct iommufd_entries *entries)
{
	struct iommufd_viommu *viommu;
	struct iommufd_hwpt *hwpt;

	switch (obj->type) {
	case IOMMUFD_OBJ_HWPT_NESTED:
		hwpt = container_of(obj, struct iommufd_hwpt, obj);
		return iommufd_nested_invalidate(hwpt, entries);
	case IOMMUFD_OBJ_VIOMMU:
		viommu = container_of(obj, struct iommufd_viommu, obj);
		return iommufd_viommu_invalidate(viommu->viommu, entries);
	default:
		return -EINVAL;
	}
}

static int invalidate_id(struct iommufd_ctx *ictx, u32 id,
			 struct iommufd_entries *entries)
{
	struct iommufd_object *obj;
	int rc;

	if (entries->num > IOMMUFD_ENTRIES_MAX ||
	    (entries->num && !entries->len))
		return -EINVAL;
	obj = iommufd_object_get(ictx, id, IOMMUFD_OBJ_ANY);
	if (IS_ERR(obj))
		return PTR_ERR(obj);
	rc = invalidate_object(obj, entries);
	iommufd_object_put(ictx, obj);
	return rc;
}

int iommufd_hwpt_invalidate(struct iommufd_call *call)
{
	struct iommu_hwpt_invalidate *cmd = call->cmd;
	struct iommufd_entries entries = {
		.type = cmd->data_type,
		.len = cmd->entry_len,
		.num = cmd->entry_num,
		.uptr = u64_to_user_ptr(cmd->data_uptr),
	};
	int rc;

	if (cmd->__reserved)
		rc = -EOPNOTSUPP;
	else
		rc = invalidate_id(call->ictx, cmd->hwpt_id, &entries);
	cmd->entry_num = entries.done;
	return iommufd_respond(call, sizeof(*cmd)) ?: rc;
}
