// SPDX-License-Identifier: GPL-2.0-only
/*
 * Address spaces by format, for devices named by their cookies.
 *
 * IOMMU_IOASID_ALLOC and IOMMU_IOASID_INVALIDATE are another door to the objects
 * of mainline's commands, and parse only: what is made is an IOAS or a nested
 * table as those make it. What mainline's user makes step by step (a table that
 * can be a parent, a vIOMMU) is made here as it is needed, and goes with the last
 * who needs it.
 *
 * The devices are asked whether they could be attached, in the order in which the
 * user names them, so that he learns which one is the first that cannot. Nothing
 * is kept of them: an attach asks again.
 */
#include "fault.h"
#include "nesting.h"

#define COOKIES_MAX 4096

/* The device of a cookie of the caller, with a reference */
static struct iommufd_object *device_at(struct iommufd_ctx *ictx,
					const struct iommu_ioasid_alloc *cmd,
					u32 index)
{
	u64 __user *cookies = u64_to_user_ptr(cmd->cookies);
	u64 cookie;

	if (copy_from_user(&cookie, cookies + index, sizeof(cookie)))
		return ERR_PTR(-EFAULT);
	return iommufd_get_by_cookie(ictx, cookie);
}

/* Can the device have a table of the format? An emulated one cannot have any */
static int check_format(struct iommufd_object *obj, u32 type)
{
	const struct iommu_user_format *format;
	struct iommu_user_format_info info = {};
	struct iommufd_device *idev;

	if (type == IOMMU_FORMAT_MAP_UNMAP)
		return 0;
	if (obj->type != IOMMUFD_OBJ_DEVICE)
		return -EOPNOTSUPP;
	idev = container_of(obj, struct iommufd_device, obj);
	format = iommufd_find_format(idev, type);
	return format ? format->probe(idev->dev, &info) : -EOPNOTSUPP;
}

static int check_hwpt(struct iommufd_object *obj, struct iommufd_hwpt *hwpt)
{
	struct iommufd_device *idev =
		container_of(obj, struct iommufd_device, obj);
	int rc;

	rc = iommufd_hwpt_suits(hwpt, idev->igroup, idev->dev);
	return rc == -EINVAL ? -EOPNOTSUPP : rc;
}

/* Ask all devices for the format, or for @hwpt, which is of that format */
static int check_devices(struct iommufd_ctx *ictx,
			 struct iommu_ioasid_alloc *cmd,
			 struct iommufd_hwpt *hwpt)
{
	struct iommufd_object *obj;
	u32 i;
	int rc;

	for (i = 0; i < cmd->num_cookies; i++) {
		obj = device_at(ictx, cmd, i);
		if (IS_ERR(obj)) {
			rc = PTR_ERR(obj);
		} else {
			rc = check_format(obj, cmd->format);
			if (!rc && hwpt)
				rc = check_hwpt(obj, hwpt);
			iommufd_object_put(ictx, obj);
		}
		if (rc) {
			cmd->out_refused = i;
			return rc;
		}
		cond_resched();
	}
	return 0;
}

/* Make a new address space the child of another one */
static int set_parent(struct iommufd_ctx *ictx, struct iommufd_ioas *ioas,
		      u32 parent_id)
{
	struct iommufd_object *obj;
	int rc = -EINVAL;

	obj = iommufd_object_get(ictx, parent_id, IOMMUFD_OBJ_ANY);
	if (IS_ERR(obj))
		return PTR_ERR(obj);
	if (obj->type == IOMMUFD_OBJ_IOAS)
		rc = iommufd_ioas_add_child(container_of(obj,
							 struct iommufd_ioas,
							 obj), ioas);
	iommufd_object_put(ictx, obj);
	return rc;
}

/* An address space that the kernel manages */
static int alloc_ioas(struct iommufd_call *call)
{
	struct iommu_ioasid_alloc *cmd = call->cmd;
	struct iommufd_ioas *ioas;
	int rc;

	if (cmd->data_len)
		return -EINVAL;
	if (cmd->flags)
		return -EOPNOTSUPP;
	ioas = iommufd_ioas_alloc(call->ictx);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	if (cmd->parent_id) {
		rc = set_parent(call->ictx, ioas, cmd->parent_id);
		if (rc)
			goto err_abort;
	}
	cmd->out_nesting = cmd->parent_id ? IOMMU_IOASID_SW_NESTED :
					    IOMMU_IOASID_NOT_NESTED;
	cmd->out_ioasid = ioas->obj.id;
	rc = iommufd_respond(call, sizeof(*cmd));
	if (rc)
		goto err_remove;
	iommufd_object_publish(call->ictx, &ioas->obj);
	return 0;

err_remove:
	if (ioas->parent)
		iommufd_ioas_remove_child(ioas);
err_abort:
	iommufd_object_abort(call->ictx, &ioas->obj);
	return rc;
}

static struct iommufd_hwpt *
alloc_on_ioas(struct iommufd_ioas *ioas, struct iommufd_device *idev,
	      const struct iommufd_user_data *data)
{
	struct iommufd_hwpt *parent, *hwpt;

	parent = iommufd_hwpt_use_nest_parent(ioas, idev);
	if (IS_ERR(parent))
		return parent;
	hwpt = iommufd_nested_alloc(parent, idev, data, true);
	iommufd_hwpt_unuse(parent);
	return hwpt;
}

static struct iommufd_hwpt *alloc_on(struct iommufd_object *pt,
				     struct iommufd_device *idev,
				     const struct iommufd_user_data *data)
{
	switch (pt->type) {
	case IOMMUFD_OBJ_IOAS:
		return alloc_on_ioas(container_of(pt, struct iommufd_ioas, obj),
				     idev, data);
	case IOMMUFD_OBJ_HWPT:
		return iommufd_nested_alloc(container_of(pt,
							 struct iommufd_hwpt,
							 obj), idev, data,
					    true);
	default:
		return ERR_PTR(-EINVAL);
	}
}

/* Make a nested table for the first device, which can have the format */
static struct iommufd_hwpt *alloc_nested(struct iommufd_ctx *ictx,
					 const struct iommu_ioasid_alloc *cmd)
{
	struct iommufd_user_data data = {
		.type = cmd->format,
		.len = cmd->data_len,
		.uptr = u64_to_user_ptr(cmd->data),
	};
	struct iommufd_object *pt, *obj;
	struct iommufd_hwpt *hwpt;

	pt = iommufd_get_pt(ictx, cmd->parent_id);
	if (IS_ERR(pt))
		return ERR_CAST(pt);
	obj = device_at(ictx, cmd, 0);
	if (IS_ERR(obj)) {
		hwpt = ERR_CAST(obj);
		goto out_put_pt;
	}
	if (obj->type == IOMMUFD_OBJ_DEVICE)
		hwpt = alloc_on(pt, container_of(obj, struct iommufd_device,
						 obj), &data);
	else
		hwpt = ERR_PTR(-ENOENT);
	iommufd_object_put(ictx, obj);
out_put_pt:
	iommufd_put_pt(ictx, pt);
	return hwpt;
}

/* An address space that the user manages */
static int alloc_user_managed(struct iommufd_call *call)
{
	struct iommu_ioasid_alloc *cmd = call->cmd;
	struct iommufd_hwpt *hwpt;
	int rc;

	if (!cmd->parent_id || !cmd->num_cookies)
		return -EINVAL;
	hwpt = alloc_nested(call->ictx, cmd);
	if (IS_ERR(hwpt))
		return PTR_ERR(hwpt);
	rc = check_devices(call->ictx, cmd, hwpt);
	if (!rc && cmd->flags & IOMMU_IOASID_ALLOC_FAULT_QUEUE)
		rc = iommufd_hwpt_use_fault_queue(hwpt, cmd->fault_id);
	if (rc)
		goto err_abort;
	cmd->out_ioasid = hwpt->obj.id;
	cmd->out_nesting = IOMMU_IOASID_HW_NESTED;
	rc = iommufd_respond(call, sizeof(*cmd));
	if (rc)
		goto err_abort;
	iommufd_object_publish(call->ictx, &hwpt->obj);
	return 0;

err_abort:
	iommufd_nested_abort(hwpt);
	return rc;
}

int iommufd_ioasid_alloc(struct iommufd_call *call)
{
	struct iommu_ioasid_alloc *cmd = call->cmd;
	int rc;

	if (cmd->flags & ~IOMMU_IOASID_ALLOC_FAULT_QUEUE ||
	    (cmd->fault_id && !cmd->flags))
		return -EOPNOTSUPP;
	if (cmd->num_cookies > COOKIES_MAX)
		return -EINVAL;
	cmd->out_refused = cmd->num_cookies;
	rc = check_devices(call->ictx, cmd, NULL);
	if (!rc)
		rc = cmd->format == IOMMU_FORMAT_MAP_UNMAP ?
		     alloc_ioas(call) : alloc_user_managed(call);
	if (!rc)
		return 0;
	/* The caller is told which device it was */
	return iommufd_respond(call, sizeof(*cmd)) ?: rc;
}

/*
 * Invalidation
 */

static int invalidate_hwpt(struct iommufd_hwpt *hwpt,
			   struct iommufd_entries *entries)
{
	struct iommu_nested_domain *nested = to_nested_domain(hwpt->domain);

	if (!nested->format->invalidate_len && nested->viommu)
		return iommufd_viommu_invalidate(nested->viommu, entries);
	return iommufd_nested_invalidate(hwpt, entries);
}

/* Invalidate for a device that could be attached to the table */
static int invalidate_for(struct iommufd_ctx *ictx, struct iommufd_hwpt *hwpt,
			  u64 cookie, struct iommufd_entries *entries)
{
	struct iommufd_device *idev;
	struct iommufd_object *obj;
	int rc = -EINVAL;

	obj = iommufd_get_by_cookie(ictx, cookie);
	if (IS_ERR(obj))
		return PTR_ERR(obj);
	if (obj->type == IOMMUFD_OBJ_DEVICE) {
		idev = container_of(obj, struct iommufd_device, obj);
		rc = iommufd_hwpt_suits(hwpt, idev->igroup, idev->dev);
		if (!rc) {
			entries->dev = idev->dev;
			rc = invalidate_hwpt(hwpt, entries);
		}
	}
	iommufd_object_put(ictx, obj);
	return rc;
}

static int invalidate_ioasid(struct iommufd_ctx *ictx,
			     const struct iommu_ioasid_invalidate *cmd,
			     struct iommufd_entries *entries)
{
	struct iommufd_object *obj;
	struct iommufd_hwpt *hwpt;
	int rc = -EINVAL;

	if (cmd->flags & ~IOMMU_IOASID_INVALIDATE_DEVICE)
		return -EOPNOTSUPP;
	if (entries->num > IOMMUFD_ENTRIES_MAX ||
	    (entries->num && !entries->len))
		return -EINVAL;
	obj = iommufd_object_get(ictx, cmd->ioasid, IOMMUFD_OBJ_ANY);
	if (IS_ERR(obj))
		return PTR_ERR(obj);
	if (obj->type == IOMMUFD_OBJ_HWPT_NESTED) {
		hwpt = container_of(obj, struct iommufd_hwpt, obj);
		if (cmd->flags & IOMMU_IOASID_INVALIDATE_DEVICE)
			rc = invalidate_for(ictx, hwpt, cmd->dev_cookie,
					    entries);
		else
			rc = invalidate_hwpt(hwpt, entries);
	}
	iommufd_object_put(ictx, obj);
	return rc;
}

int iommufd_ioasid_invalidate(struct iommufd_call *call)
{
	struct iommu_ioasid_invalidate *cmd = call->cmd;
	struct iommufd_entries entries = {
		.type = cmd->data_type,
		.len = cmd->entry_len,
		.num = cmd->num_entries,
		.uptr = u64_to_user_ptr(cmd->entries),
	};
	int rc;

	rc = invalidate_ioasid(call->ictx, cmd, &entries);
	cmd->num_entries = entries.done;
	return iommufd_respond(call, sizeof(*cmd)) ?: rc;
}
