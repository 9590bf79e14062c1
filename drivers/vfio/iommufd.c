// SPDX-License-Identifier: GPL-2.0-only
/*
 * What VFIO asks of an IOMMU fd on behalf of a device
 *
 * A device is bound to one IOMMU fd while user space has it open through its
 * character device. The VFIO core does this for every driver, drivers are not
 * involved: vfio_iommufd_bind() comes before the driver's open_device, and
 * vfio_iommufd_unbind() after its close_device. Between them the device is
 * attached to at most one I/O address space.
 *
 * A device behind an IOMMU is a device to the IOMMU fd as well. An emulated one
 * is an access: vfio_pin_pages(), vfio_unpin_pages() and vfio_dma_rw() work on
 * the memory of the I/O address space, and the driver's dma_unmap op is told
 * when some of it goes. That may be in any task and at any time from attach to
 * detach, with no lock held that they need. A driver without that op cannot be
 * told, so it cannot pin.
 *
 * A device that does DMA without an IOMMU is a device, too: its driver stops that
 * DMA in close_device, before the memory is let go by vfio_iommufd_unbind().
 *
 * Either vfio_device.iommufd_device or iommufd_access is non-NULL from bind to
 * unbind, which is also the test for a device that is open in this way. They
 * and iommufd_attached are under the lock of the device set. The pointers may be
 * read without it by whoever keeps the device open, such as the driver.
 *
 * An IOMMU fd can be the container of a group, too (vfio_group.iommufd_group,
 * under group_lock). It attaches the group as a whole, whether devices of it are
 * open or not, so a device behind an IOMMU needs nothing when it is opened. An
 * emulated one gets an access then, as above. While the IOMMU fd attaches a
 * group, VFIO keeps one device of it registered; so its driver stays.
 *
 * The binding keeps the IOMMU fd's objects alive, whether or not user space has
 * closed the fd.
 */
#include <linux/capability.h>
#include <linux/file.h>
#include <linux/iommu.h>
#include <linux/iommufd.h>
#include <linux/module.h>
#include <linux/vfio.h>

#include "vfio.h"

/*
 * Emulated devices
 */

static void vfio_iommufd_dma_unmap(void *data, unsigned long iova,
				   unsigned long length)
{
	struct vfio_device *device = data;

	device->ops->dma_unmap(device, iova, length);
}

static const struct iommufd_access_ops vfio_pinning_access_ops = {
	.needs_pin_pages = true,
	.unmap = vfio_iommufd_dma_unmap,
};

static const struct iommufd_access_ops vfio_access_ops = {
};

static int vfio_iommufd_create_access(struct vfio_device *device,
				      struct iommufd_ctx *ictx,
				      const u64 *cookie, u32 *dev_id)
{
	const struct iommufd_access_ops *ops = &vfio_access_ops;
	struct iommufd_access *access;

	if (device->ops->dma_unmap)
		ops = &vfio_pinning_access_ops;
	access = iommufd_access_create(ictx, ops, device, cookie, dev_id);
	if (IS_ERR(access))
		return PTR_ERR(access);

	device->iommufd_access = access;
	return 0;
}

/* The bytes of @npage whole pages, of which @iova is in the first */
static int vfio_iommufd_range(dma_addr_t iova, int npage, unsigned long *start,
			      unsigned long *length)
{
	if (npage < 0 || iova > ULONG_MAX)
		return -EINVAL;
	*start = ALIGN_DOWN((unsigned long)iova, PAGE_SIZE);
	*length = (unsigned long)npage << PAGE_SHIFT;
	return 0;
}

/* vfio_pin_pages() for a device with an access: the number of pages, or errno */
int vfio_iommufd_pin_pages(struct vfio_device *device, dma_addr_t iova,
			   int npage, int prot, struct page **pages)
{
	unsigned int flags = IOMMUFD_ACCESS_READ;
	unsigned long start, length;
	int ret;

	if (!device->ops->dma_unmap)
		return -EINVAL;
	ret = vfio_iommufd_range(iova, npage, &start, &length);
	if (ret)
		return ret;

	if (prot & IOMMU_WRITE)
		flags |= IOMMUFD_ACCESS_WRITE;
	ret = iommufd_access_pin_pages(device->iommufd_access, start, length,
				       pages, flags);
	return ret ? ret : npage;
}

void vfio_iommufd_unpin_pages(struct vfio_device *device, dma_addr_t iova,
			      int npage)
{
	unsigned long start, length;

	if (WARN_ON(vfio_iommufd_range(iova, npage, &start, &length)))
		return;
	iommufd_access_unpin_pages(device->iommufd_access, start, length);
}

int vfio_iommufd_dma_rw(struct vfio_device *device, dma_addr_t iova,
			void *data, size_t len, bool write)
{
	unsigned int flags = write ? IOMMUFD_ACCESS_WRITE : IOMMUFD_ACCESS_READ;

	if (iova > ULONG_MAX)
		return -EINVAL;
	return iommufd_access_rw(device->iommufd_access, iova, data, len,
				 flags);
}

/*
 * Every device
 */

int vfio_iommufd_bind(struct vfio_device *device, struct iommufd_ctx *ictx,
		      const u64 *cookie, u32 *dev_id)
{
	struct iommufd_device *idev;

	lockdep_assert_held(&device->dev_set->lock);

	if (device->group->type == VFIO_EMULATED_IOMMU)
		return vfio_iommufd_create_access(device, ictx, cookie, dev_id);

	if (device->group->type == VFIO_NO_IOMMU)
		idev = iommufd_device_bind_noiommu(ictx, device->dev, cookie,
						   dev_id);
	else
		idev = iommufd_device_bind(ictx, device->dev, cookie, dev_id);
	if (IS_ERR(idev))
		return PTR_ERR(idev);

	device->iommufd_device = idev;
	return 0;
}

void vfio_iommufd_unbind(struct vfio_device *device)
{
	vfio_iommufd_detach(device);
	if (device->iommufd_access) {
		iommufd_access_destroy(device->iommufd_access);
		/* Pairs with vfio_cdev_is_bound() */
		smp_store_release(&device->iommufd_access, NULL);
	} else {
		iommufd_device_unbind(device->iommufd_device);
		/* Pairs with vfio_cdev_is_bound() */
		smp_store_release(&device->iommufd_device, NULL);
	}
}

/*
 * On success @pt_id is what the device uses: a HWPT, or for an access the IOAS. The
 * one file or group that has the device open lets one attach or detach at a time.
 * No lock that others need is held: memory of the user may be faulted in
 */
int vfio_iommufd_attach(struct vfio_device *device, u32 *pt_id)
{
	bool replace = device->iommufd_attached;
	int ret;

	if (device->iommufd_access)
		ret = replace ?
		      iommufd_access_replace(device->iommufd_access, *pt_id) :
		      iommufd_access_attach(device->iommufd_access, *pt_id);
	else
		ret = replace ?
		      iommufd_device_replace(device->iommufd_device, pt_id) :
		      iommufd_device_attach(device->iommufd_device, pt_id);
	if (!ret)
		device->iommufd_attached = true;
	return ret;
}

void vfio_iommufd_detach(struct vfio_device *device)
{
	if (!device->iommufd_attached)
		return;
	if (device->iommufd_access)
		iommufd_access_detach(device->iommufd_access);
	else
		iommufd_device_detach(device->iommufd_device);
	device->iommufd_attached = false;
}

/**
 * vfio_iommufd_coherent() - is all DMA of a device coherent?
 * @device: a registered device
 * @bound: it is bound to an IOMMU fd, and stays so
 *
 * An emulated device has the processor do its DMA. Nothing is known of one that
 * has no IOMMU.
 */
bool vfio_iommufd_coherent(struct vfio_device *device, bool bound)
{
	switch (device->group->type) {
	case VFIO_EMULATED_IOMMU:
		return true;
	case VFIO_NO_IOMMU:
		return false;
	default:
		return iommufd_device_coherent(device->dev, bound ?
					       device->iommufd_device : NULL);
	}
}

static struct iommufd_ctx *vfio_iommufd_ctx(struct vfio_device *device)
{
	if (device->iommufd_access)
		return iommufd_access_ctx(device->iommufd_access);
	return iommufd_device_ctx(device->iommufd_device);
}

/**
 * vfio_iommufd_dev_id() - what a device is to the IOMMU fd of another one
 * @device: a device that is bound to an IOMMU fd, kept open by the caller
 * @dev: the device to ask about, perhaps the same
 *
 * Return: the ID of @dev in the IOMMU fd of @device; VFIO_PCI_DEVID_OWNED if it
 * is not bound, but its group's DMA belongs to that IOMMU fd; otherwise
 * VFIO_PCI_DEVID_NOT_OWNED. Binding and unbinding can change the answer, which
 * the lock of the set of @dev prevents.
 */
u32 vfio_iommufd_dev_id(struct vfio_device *device, struct device *dev)
{
	return iommufd_ctx_dev_id(vfio_iommufd_ctx(device), dev);
}
EXPORT_SYMBOL_GPL(vfio_iommufd_dev_id);

/*
 * Groups
 */

static int vfio_iommufd_with_device(void *data,
				    int (*call)(struct device *dev, void *arg),
				    void *arg)
{
	struct vfio_device *it, *device = NULL;
	struct vfio_group *group = data;
	int ret;

	mutex_lock(&group->device_lock);
	list_for_each_entry(it, &group->device_list, group_next) {
		if (vfio_device_try_get_registration(it)) {
			device = it;
			break;
		}
	}
	mutex_unlock(&group->device_lock);
	if (!device)
		return -ENODEV;
	ret = call(device->dev, arg);
	vfio_device_put_registration(device);
	return ret;
}

static bool vfio_iommufd_noiommu_enabled(void)
{
	return vfio_noiommu;
}

static const struct iommufd_vfio_group_ops vfio_iommufd_group_ops = {
	.with_device = vfio_iommufd_with_device,
	.noiommu_enabled = vfio_iommufd_noiommu_enabled,
};

static enum iommufd_vfio_group_type vfio_iommufd_type(struct vfio_group *group)
{
	switch (group->type) {
	case VFIO_EMULATED_IOMMU:
		return IOMMUFD_VFIO_GROUP_EMULATED;
	case VFIO_NO_IOMMU:
		return IOMMUFD_VFIO_GROUP_NOIOMMU;
	default:
		return IOMMUFD_VFIO_GROUP_IOMMU;
	}
}

/* VFIO_GROUP_SET_CONTAINER with a file that may be an IOMMU fd */
int vfio_iommufd_group_attach(struct vfio_group *group, struct file *file)
{
	struct iommufd_vfio_group *vgroup;
	struct iommufd_ctx *ictx;

	lockdep_assert_held(&group->group_lock);

	ictx = iommufd_ctx_from_file(file);
	if (IS_ERR(ictx))
		return -EINVAL;
	vgroup = iommufd_vfio_group_add(ictx, group->iommu_group,
					vfio_iommufd_type(group), group);
	iommufd_ctx_put(ictx);
	if (IS_ERR(vgroup))
		return PTR_ERR(vgroup);

	group->iommufd_group = vgroup;
	group->container_users = 1;
	return 0;
}

void vfio_iommufd_group_detach(struct vfio_group *group)
{
	lockdep_assert_held(&group->group_lock);
	WARN_ON(group->container_users != 1);

	iommufd_vfio_group_remove(group->iommufd_group);
	group->iommufd_group = NULL;
	group->container_users = 0;
}

bool vfio_iommufd_group_coherent(struct vfio_group *group)
{
	lockdep_assert_held(&group->group_lock);

	return iommufd_vfio_group_coherent(group->iommufd_group);
}

/* A device is about to be opened: it keeps its group, and that the IOMMU fd */
int vfio_iommufd_assign_group(struct vfio_device *device)
{
	struct vfio_group *group = device->group;

	lockdep_assert_held(&group->group_lock);

	if (!iommufd_vfio_group_ready(group->iommufd_group))
		return -EINVAL;
	if (group->type == VFIO_NO_IOMMU && !capable(CAP_SYS_RAWIO))
		return -EPERM;

	get_file(group->opened_file);
	group->container_users++;
	return 0;
}

/* A device is opened first: what it needs besides the group */
int vfio_iommufd_group_open(struct vfio_device *device)
{
	struct vfio_group *group = device->group;
	struct iommufd_ctx *ictx;
	u32 id;
	int ret;

	lockdep_assert_held(&device->dev_set->lock);
	lockdep_assert_held(&group->group_lock);

	if (!group->iommufd_group || group->type != VFIO_EMULATED_IOMMU)
		return 0;
	ictx = iommufd_vfio_group_ctx(group->iommufd_group);
	ret = vfio_iommufd_create_access(device, ictx, NULL, &id);
	if (ret)
		return ret;
	id = iommufd_vfio_group_ioas(group->iommufd_group);
	ret = vfio_iommufd_attach(device, &id);
	if (ret)
		vfio_iommufd_unbind(device);
	return ret;
}

void vfio_iommufd_group_close(struct vfio_device *device)
{
	lockdep_assert_held(&device->dev_set->lock);

	if (device->iommufd_access)
		vfio_iommufd_unbind(device);
}

void __init vfio_iommufd_init(void)
{
	iommufd_vfio_register(&vfio_iommufd_group_ops);
}

void vfio_iommufd_cleanup(void)
{
	iommufd_vfio_unregister();
}
