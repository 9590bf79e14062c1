// SPDX-License-Identifier: GPL-2.0-only
/*
 * vIOMMUs: the part of an IOMMU that a guest sees.
 *
 * What a vIOMMU is to the hardware is the driver's. One that user space makes is
 * an object: a use of its parent, and has its nested tables and vDEVICEs as users,
 * so that they are gone before it is. Where user space knows of devices only, the
 * kernel makes a vIOMMU for each nested table that needs one: it has no ID, goes
 * with the table, and nobody waits for its events.
 */
#include <linux/slab.h>

#include "nesting.h"

static int report_to_nobody(struct iommu_viommu *viommu, u32 type,
			    const void *data, size_t len)
{
	return -EOPNOTSUPP;
}

/**
 * iommufd_viommu_create() - make a vIOMMU
 * @type: its kind
 * @parent: parent of its nested domains
 * @dev: a device behind the IOMMU
 * @owner: the object of user space; NULL if it does not know of it
 * @data: of user space, for the driver; or NULL
 *
 * Return: the vIOMMU, or an ERR_PTR: -EOPNOTSUPP if the IOMMU cannot have it,
 * -ENOMEM, and what the driver says.
 */
struct iommu_viommu *iommufd_viommu_create(const struct iommu_viommu_ops *type,
					   struct iommu_domain *parent,
					   struct device *dev,
					   struct iommufd_viommu *owner,
					   void *data)
{
	struct iommu_viommu *viommu;
	int rc;

	rc = type->probe ? type->probe(dev) : 0;
	if (rc)
		return ERR_PTR(rc);
	if (WARN_ON_ONCE(type->size < sizeof(*viommu)))
		return ERR_PTR(-EINVAL);
	viommu = kzalloc(type->size, GFP_KERNEL_ACCOUNT);
	if (!viommu)
		return ERR_PTR(-ENOMEM);
	viommu->type = type;
	viommu->parent = parent;
	viommu->dev = dev;
	viommu->implicit = !owner;
	viommu->report = owner ? iommufd_veventq_report : report_to_nobody;
	viommu->owner = owner;
	viommu->mmap_offset = owner ? iommufd_mmap_offset(owner) : 0;
	xa_init_flags(&viommu->vdevices, XA_FLAGS_ACCOUNT);
	rc = type->init(viommu, data);
	viommu->dev = NULL;
	if (rc) {
		kfree(viommu);
		return ERR_PTR(rc);
	}
	return viommu;
}

void iommufd_viommu_free(struct iommu_viommu *viommu)
{
	WARN_ON(!xa_empty(&viommu->vdevices));
	viommu->type->destroy(viommu);
	kfree(viommu);
}

static int invalidate(void *target, struct device *dev, const void *array,
		      u32 num, u32 *done)
{
	struct iommu_viommu *viommu = target;

	return viommu->type->invalidate(viommu, dev, array, num, done);
}

/**
 * iommufd_viommu_invalidate() - drop what the IOMMU has cached for a guest
 * @viommu: of the guest
 * @entries: what to drop; returns how many have been done
 *
 * Return: 0 if all are done; -EOPNOTSUPP if there is nothing to invalidate; as
 * iommufd_for_entries().
 */
int iommufd_viommu_invalidate(struct iommu_viommu *viommu,
			      struct iommufd_entries *entries)
{
	const struct iommu_viommu_ops *type = viommu->type;

	if (!type->invalidate_len)
		return -EOPNOTSUPP;
	return iommufd_for_entries(entries, type->invalidate_type,
				   type->invalidate_len, true, invalidate,
				   viommu);
}

/*
 * The object
 */

static int init_viommu(struct iommufd_viommu *viommu,
		       struct iommufd_device *idev,
		       const struct iommu_viommu_ops *type, void *data)
{
	struct iommufd_hwpt *parent = viommu->parent;
	int rc;

	if (!parent->nest_parent)
		return -EINVAL;
	rc = iommufd_hwpt_suits(parent, idev->igroup, idev->dev);
	if (rc)
		return rc;
	rc = iommufd_object_use(viommu->ictx, &parent->obj);
	if (rc)
		return rc;
	viommu->viommu = iommufd_viommu_create(type, parent->domain, idev->dev,
					       viommu, data);
	if (IS_ERR(viommu->viommu)) {
		iommufd_object_unuse(viommu->ictx, &parent->obj);
		return PTR_ERR(viommu->viommu);
	}
	return 0;
}

void iommufd_viommu_destroy(struct iommufd_ctx *ictx,
			    struct iommufd_object *obj)
{
	struct iommufd_viommu *viommu =
		container_of(obj, struct iommufd_viommu, obj);

	iommufd_viommu_free(viommu->viommu);
	iommufd_hwpt_unuse(viommu->parent);
}

/* Give user space the data of the driver and the ID */
static int tell_user(struct iommufd_call *call, const void *data)
{
	struct iommu_viommu_alloc *cmd = call->cmd;

	if (cmd->data_len &&
	    copy_to_user(u64_to_user_ptr(cmd->data_uptr), data, cmd->data_len))
		return -EFAULT;
	return iommufd_respond(call, sizeof(*cmd));
}

static int alloc_viommu(struct iommufd_call *call, struct iommufd_device *idev,
			struct iommufd_hwpt *parent)
{
	u64 data[IOMMU_USER_DATA_MAX / sizeof(u64)];
	struct iommu_viommu_alloc *cmd = call->cmd;
	const struct iommufd_user_data user = {
		.len = cmd->data_len,
		.uptr = u64_to_user_ptr(cmd->data_uptr),
	};
	const struct iommu_viommu_ops *type;
	struct iommufd_viommu *viommu;
	int rc;

	type = iommufd_find_viommu_type(idev, cmd->type);
	if (!type)
		return -EOPNOTSUPP;
	if (user.len) {
		rc = iommufd_copy_user_data(data, type->data_min,
					    type->data_len, &user);
		if (rc)
			return rc;
	}
	viommu = iommufd_object_alloc(call->ictx, viommu, IOMMUFD_OBJ_VIOMMU);
	if (IS_ERR(viommu))
		return PTR_ERR(viommu);
	viommu->ictx = call->ictx;
	viommu->parent = parent;
	spin_lock_init(&viommu->queues_lock);
	INIT_LIST_HEAD(&viommu->queues);
	rc = init_viommu(viommu, idev, type, user.len ? data : NULL);
	if (rc)
		goto err_abort;
	cmd->out_viommu_id = viommu->obj.id;
	rc = tell_user(call, data);
	if (rc)
		goto err_destroy;
	iommufd_object_publish(call->ictx, &viommu->obj);
	return 0;

err_destroy:
	iommufd_viommu_destroy(call->ictx, &viommu->obj);
err_abort:
	iommufd_object_abort(call->ictx, &viommu->obj);
	return rc;
}

int iommufd_viommu_alloc_ioctl(struct iommufd_call *call)
{
	struct iommu_viommu_alloc *cmd = call->cmd;
	struct iommufd_object *parent;
	struct iommufd_device *idev;
	int rc = -ENOENT;

	if (cmd->flags || cmd->__reserved ||
	    cmd->type == IOMMU_VIOMMU_TYPE_DEFAULT)
		return -EOPNOTSUPP;
	idev = iommufd_get_device(call->ictx, cmd->dev_id);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	parent = iommufd_get_pt(call->ictx, cmd->hwpt_id);
	if (IS_ERR(parent)) {
		rc = PTR_ERR(parent);
		goto out_put_device;
	}
	if (parent->type == IOMMUFD_OBJ_HWPT)
		rc = alloc_viommu(call, idev,
				  container_of(parent, struct iommufd_hwpt,
					       obj));
	iommufd_put_pt(call->ictx, parent);
out_put_device:
	iommufd_object_put(call->ictx, &idev->obj);
	return rc;
}
