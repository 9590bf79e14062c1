// SPDX-License-Identifier: GPL-2.0-only
/*
 * vDEVICEs: devices as a guest sees them, behind a vIOMMU.
 *
 * A vDEVICE is the use of a vIOMMU by a bound device: the driver finds it by the
 * virtual ID in viommu->vdevices, others by device->vdevice, of which a device has
 * one at most. It is a user of the vIOMMU and none of the device: user space may
 * end the binding at any time, by closing the device, and the vDEVICE goes first.
 * User space still thinks then that it has the vDEVICE: its ID stays taken.
 *
 * device->vdevice, under igroup->lock, says whether there is a vDEVICE: it is set
 * before the vDEVICE is published, and cleared last when it is destroyed. Who
 * unbinds waits for that if somebody else is destroying the vDEVICE.
 */
#include <linux/slab.h>
#include <linux/wait.h>

#include "nesting.h"

/* Bring up what the driver has, and let it be found */
static int init_vdevice(struct iommu_vdevice *vdevice)
{
	struct iommu_viommu *viommu = vdevice->viommu;
	int rc;

	/* Nobody finds it, nor can anybody else have the ID */
	rc = xa_insert(&viommu->vdevices, vdevice->id, NULL,
		       GFP_KERNEL_ACCOUNT);
	if (rc)
		return rc == -EBUSY ? -EEXIST : rc;
	rc = viommu->type->vdevice_init ?
	     viommu->type->vdevice_init(vdevice) : 0;
	if (rc) {
		xa_erase(&viommu->vdevices, vdevice->id);
		return rc;
	}
	xa_store(&viommu->vdevices, vdevice->id, vdevice, GFP_KERNEL);
	return 0;
}

static void exit_vdevice(struct iommu_vdevice *vdevice)
{
	struct iommu_viommu *viommu = vdevice->viommu;

	xa_erase(&viommu->vdevices, vdevice->id);
	if (viommu->type->vdevice_destroy)
		viommu->type->vdevice_destroy(vdevice);
}

static int alloc_vdevice(struct iommufd_vdevice *vdevice, u64 id)
{
	struct iommu_viommu *viommu = vdevice->viommu->viommu;
	size_t size = viommu->type->vdevice_size;
	int rc;

	if (WARN_ON_ONCE(size < sizeof(*vdevice->vdevice)))
		return -EINVAL;
	vdevice->vdevice = kzalloc(size, GFP_KERNEL_ACCOUNT);
	if (!vdevice->vdevice)
		return -ENOMEM;
	vdevice->vdevice->viommu = viommu;
	vdevice->vdevice->dev = vdevice->idev->dev;
	vdevice->vdevice->id = id;
	rc = init_vdevice(vdevice->vdevice);
	if (rc)
		kfree(vdevice->vdevice);
	return rc;
}

/* The device is behind the vIOMMU, if it is behind none */
static int add_vdevice(struct iommufd_vdevice *vdevice, u64 id)
{
	struct iommufd_viommu *viommu = vdevice->viommu;
	struct iommufd_device *idev = vdevice->idev;
	int rc;

	rc = iommufd_object_use(viommu->ictx, &viommu->obj);
	if (rc)
		return rc;
	mutex_lock(&idev->igroup->lock);
	rc = idev->vdevice ? -EEXIST : alloc_vdevice(vdevice, id);
	if (!rc)
		idev->vdevice = vdevice;
	mutex_unlock(&idev->igroup->lock);
	if (rc)
		iommufd_object_unuse(viommu->ictx, &viommu->obj);
	return rc;
}

void iommufd_vdevice_destroy(struct iommufd_ctx *ictx,
			     struct iommufd_object *obj)
{
	struct iommufd_vdevice *vdevice =
		container_of(obj, struct iommufd_vdevice, obj);
	struct iommufd_device *idev = vdevice->idev;

	exit_vdevice(vdevice->vdevice);
	kfree(vdevice->vdevice);
	iommufd_object_unuse(ictx, &vdevice->viommu->obj);
	/*
	 * The device may be gone as soon as this is done, but its group is not:
	 * that goes with groups_lock held.
	 */
	mutex_lock(&ictx->groups_lock);
	mutex_lock(&idev->igroup->lock);
	WRITE_ONCE(idev->vdevice, NULL);
	mutex_unlock(&idev->igroup->lock);
	mutex_unlock(&ictx->groups_lock);
	wake_up_all(&ictx->object_gone);
}

/**
 * iommufd_device_remove_vdevice() - end what a device is behind a vIOMMU
 * @idev: device that is being unbound: nobody has a reference any more
 */
void iommufd_device_remove_vdevice(struct iommufd_device *idev)
{
	struct iommufd_ctx *ictx = idev->ictx;
	struct iommufd_vdevice *vdevice;

	mutex_lock(&idev->igroup->lock);
	vdevice = idev->vdevice;
	/* The object is there as long as the lock is held */
	if (vdevice && !iommufd_object_get_alive(ictx, &vdevice->obj))
		vdevice = NULL;
	mutex_unlock(&idev->igroup->lock);
	if (vdevice)
		iommufd_object_bury(ictx, &vdevice->obj);
	/* Somebody else may be at it */
	wait_event(ictx->object_gone, !READ_ONCE(idev->vdevice));
}

static int alloc(struct iommufd_call *call, struct iommufd_viommu *viommu,
		 struct iommufd_device *idev)
{
	struct iommu_vdevice_alloc *cmd = call->cmd;
	struct iommufd_vdevice *vdevice;
	int rc;

	if (cmd->virt_id > ULONG_MAX)
		return -EINVAL;
	vdevice = iommufd_object_alloc(call->ictx, vdevice,
				       IOMMUFD_OBJ_VDEVICE);
	if (IS_ERR(vdevice))
		return PTR_ERR(vdevice);
	vdevice->idev = idev;
	vdevice->viommu = viommu;
	rc = add_vdevice(vdevice, cmd->virt_id);
	if (rc)
		goto err_abort;
	cmd->out_vdevice_id = vdevice->obj.id;
	rc = iommufd_respond(call, sizeof(*cmd));
	if (rc)
		goto err_destroy;
	iommufd_object_publish(call->ictx, &vdevice->obj);
	return 0;

err_destroy:
	iommufd_vdevice_destroy(call->ictx, &vdevice->obj);
err_abort:
	iommufd_object_abort(call->ictx, &vdevice->obj);
	return rc;
}

int iommufd_vdevice_alloc_ioctl(struct iommufd_call *call)
{
	struct iommu_vdevice_alloc *cmd = call->cmd;
	struct iommufd_viommu *viommu;
	struct iommufd_device *idev;
	int rc;

	viommu = iommufd_get_viommu(call->ictx, cmd->viommu_id);
	if (IS_ERR(viommu))
		return PTR_ERR(viommu);
	idev = iommufd_get_device(call->ictx, cmd->dev_id);
	if (IS_ERR(idev)) {
		rc = PTR_ERR(idev);
	} else {
		rc = alloc(call, viommu, idev);
		iommufd_object_put(call->ictx, &idev->obj);
	}
	iommufd_object_put(call->ictx, &viommu->obj);
	return rc;
}
