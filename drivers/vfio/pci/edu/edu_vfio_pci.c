// SPDX-License-Identifier: GPL-2.0-only
/*
 * A sample of a vfio-pci driver for one kind of device: QEMU's "edu".
 *
 * Such a driver is vfio-pci with what its device needs on top. This one shows
 * the way to give out a device, or a virtual function, as one of several types:
 * all of it, or a part that the driver confines. A mediated device (mdev) was
 * the way to do that for virtual functions. Here no device is created: the
 * function itself is what user space opens, and its IOMMU isolates it.
 *
 * The driver lists its types in the device's attribute device_types, and the
 * administrator chooses one by device_type while user space does not have the
 * device open. A type is a set of rules for the accesses of user space.
 *
 * Type "full" is the device as it is. Type "compute" has its arithmetic and
 * interrupts only: behind the first registers of BAR 0 user space reads zeros,
 * and what it writes is dropped. So BAR 0 cannot be mapped, and the device cannot
 * be told to do DMA.
 *
 * edu_device.lock protects type and open. The type does not change while the
 * device is open: who has it open reads the type without the lock.
 *
 * The device: docs/specs/edu.rst of QEMU.
 */
#include <linux/device.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/sysfs.h>
#include <linux/uaccess.h>
#include <linux/vfio_pci_core.h>

#define EDU_VENDOR_ID	0x1234
#define EDU_DEVICE_ID	0x11e8

#define EDU_BAR		VFIO_PCI_BAR0_REGION_INDEX
/* Where the registers of the DMA engine begin, and its memory follows */
#define EDU_DMA_START	0x80

/**
 * struct edu_type - what user space gets of a device
 * @name: its name in sysfs
 * @bar_size: so much of BAR 0 is there; 0: all of it, and it can be mapped
 */
struct edu_type {
	const char *name;
	loff_t bar_size;
};

static const struct edu_type edu_types[] = {
	{ .name = "full" },
	{ .name = "compute", .bar_size = EDU_DMA_START },
};

/**
 * struct edu_device - a device that this driver has
 * @core: what vfio-pci makes of it
 * @lock: for @type and @open
 * @type: of edu_types
 * @open: user space has the device open
 */
struct edu_device {
	struct vfio_pci_core_device core;
	struct mutex lock;
	const struct edu_type *type;
	bool open;
};

static struct edu_device *to_edu(struct vfio_device *vdev)
{
	return container_of(vdev, struct edu_device, core.vdev);
}

/*
 * Types
 */

static ssize_t device_types_show(struct device *dev,
				 struct device_attribute *attr, char *buf)
{
	ssize_t len = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(edu_types); i++)
		len += sysfs_emit_at(buf, len, "%s\n", edu_types[i].name);
	return len;
}

static DEVICE_ATTR_RO(device_types);

static ssize_t device_type_show(struct device *dev,
				struct device_attribute *attr, char *buf)
{
	struct vfio_pci_core_device *core = dev_get_drvdata(dev);
	struct edu_device *edu = to_edu(&core->vdev);
	ssize_t len;

	mutex_lock(&edu->lock);
	len = sysfs_emit(buf, "%s\n", edu->type->name);
	mutex_unlock(&edu->lock);
	return len;
}

static ssize_t device_type_store(struct device *dev,
				 struct device_attribute *attr,
				 const char *buf, size_t count)
{
	struct vfio_pci_core_device *core = dev_get_drvdata(dev);
	struct edu_device *edu = to_edu(&core->vdev);
	ssize_t rc = count;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(edu_types); i++)
		if (sysfs_streq(buf, edu_types[i].name))
			break;
	if (i == ARRAY_SIZE(edu_types))
		return -EINVAL;
	mutex_lock(&edu->lock);
	if (edu->open)
		rc = -EBUSY;
	else
		edu->type = &edu_types[i];
	mutex_unlock(&edu->lock);
	return rc;
}

static DEVICE_ATTR_RW(device_type);

static struct attribute *edu_attrs[] = {
	&dev_attr_device_types.attr,
	&dev_attr_device_type.attr,
	NULL
};
ATTRIBUTE_GROUPS(edu);

/*
 * What user space does with the device
 */

static int edu_open_device(struct vfio_device *vdev)
{
	struct edu_device *edu = to_edu(vdev);
	int rc;

	mutex_lock(&edu->lock);
	rc = vfio_pci_core_enable(&edu->core);
	if (rc)
		goto out_unlock;
	vfio_pci_core_finish_enable(&edu->core);
	if (edu->type->bar_size)
		edu->core.bar_mmap_supported[EDU_BAR] = false;
	edu->open = true;
out_unlock:
	mutex_unlock(&edu->lock);
	return rc;
}

static void edu_close_device(struct vfio_device *vdev)
{
	struct edu_device *edu = to_edu(vdev);

	mutex_lock(&edu->lock);
	vfio_pci_core_close_device(vdev);
	edu->open = false;
	mutex_unlock(&edu->lock);
}

/* Is the access to what the type does not have? If not, cut what is behind it */
static bool edu_is_hidden(struct edu_device *edu, loff_t pos, size_t *count)
{
	loff_t offset = pos & VFIO_PCI_OFFSET_MASK;
	loff_t size = edu->type->bar_size;

	if (!size || VFIO_PCI_OFFSET_TO_INDEX(pos) != EDU_BAR)
		return false;
	if (offset >= size)
		return true;
	*count = min_t(loff_t, *count, size - offset);
	return false;
}

static ssize_t edu_read(struct vfio_device *vdev, char __user *buf,
			size_t count, loff_t *ppos)
{
	if (!edu_is_hidden(to_edu(vdev), *ppos, &count))
		return vfio_pci_core_read(vdev, buf, count, ppos);
	if (clear_user(buf, count))
		return -EFAULT;
	*ppos += count;
	return count;
}

static ssize_t edu_write(struct vfio_device *vdev, const char __user *buf,
			 size_t count, loff_t *ppos)
{
	if (!edu_is_hidden(to_edu(vdev), *ppos, &count))
		return vfio_pci_core_write(vdev, buf, count, ppos);
	*ppos += count;
	return count;
}

/* The other ways to write to a BAR: by an event, and by another device's DMA */

static long edu_ioctl(struct vfio_device *vdev, unsigned int cmd,
		      unsigned long arg)
{
	if (to_edu(vdev)->type->bar_size && cmd == VFIO_DEVICE_IOEVENTFD)
		return -ENOTTY;
	return vfio_pci_core_ioctl(vdev, cmd, arg);
}

static int edu_device_feature(struct vfio_device *vdev, u32 flags,
			      void __user *arg, size_t argsz)
{
	if (to_edu(vdev)->type->bar_size &&
	    (flags & VFIO_DEVICE_FEATURE_MASK) == VFIO_DEVICE_FEATURE_DMA_BUF)
		return -ENOTTY;
	return vfio_pci_core_ioctl_feature(vdev, flags, arg, argsz);
}

static const struct vfio_device_ops edu_ops = {
	.name		= "edu-vfio-pci",
	.init		= vfio_pci_core_init_dev,
	.release	= vfio_pci_core_release_dev,
	.open_device	= edu_open_device,
	.close_device	= edu_close_device,
	.ioctl		= edu_ioctl,
	.device_feature	= edu_device_feature,
	.read		= edu_read,
	.write		= edu_write,
	.mmap		= vfio_pci_core_mmap,
	.request	= vfio_pci_core_request,
	.match		= vfio_pci_core_match,
};

/*
 * The PCI driver
 */

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct edu_device *edu;
	int rc;

	edu = vfio_alloc_device(edu_device, core.vdev, &pdev->dev, &edu_ops);
	if (IS_ERR(edu))
		return PTR_ERR(edu);
	mutex_init(&edu->lock);
	edu->type = &edu_types[0];
	dev_set_drvdata(&pdev->dev, &edu->core);
	rc = vfio_pci_core_register_device(&edu->core);
	if (rc)
		vfio_put_device(&edu->core.vdev);
	return rc;
}

static void edu_remove(struct pci_dev *pdev)
{
	struct vfio_pci_core_device *core = dev_get_drvdata(&pdev->dev);

	vfio_pci_core_unregister_device(core);
	vfio_put_device(&core->vdev);
}

static const struct pci_device_id edu_ids[] = {
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(EDU_VENDOR_ID, EDU_DEVICE_ID) },
	{}
};
MODULE_DEVICE_TABLE(pci, edu_ids);

static struct pci_driver edu_driver = {
	.name			= "edu-vfio-pci",
	.id_table		= edu_ids,
	.probe			= edu_probe,
	.remove			= edu_remove,
	.err_handler		= &vfio_pci_core_err_handlers,
	.driver_managed_dma	= true,
	.dev_groups		= edu_groups,
};
module_pci_driver(edu_driver);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Sample vfio-pci driver for QEMU's edu device");
