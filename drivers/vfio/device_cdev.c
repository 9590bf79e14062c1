// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO devices opened by their own character device, /dev/vfio/devices/vfioN
 *
 * Opening the character device touches nothing: the descriptor is a ticket.
 * VFIO_DEVICE_BIND_IOMMUFD opens the device, under an IOMMU fd, for one
 * descriptor at a time; everything but BIND fails until then. Closing the
 * descriptor undoes all of it: the driver closes (and silences) the device
 * first, then the device leaves its I/O address space and the IOMMU fd.
 *
 * A device that does DMA without an IOMMU (VFIO's no-IOMMU mode) is called
 * noiommu-vfioN, and is only for who has CAP_SYS_RAWIO, both at open() and at
 * BIND.
 *
 * Groups and character devices exclude each other. A bound device counts in
 * vfio_group.cdev_users, which keeps the group's file from being opened, and
 * BIND refuses while the group's file is open.
 *
 * Unplug. A bound descriptor holds a registration of the device and a
 * reference on its driver's module, as descriptors from a group do, so
 * vfio_unregister_group_dev() asks the user to let go and waits. A descriptor
 * that is not bound holds nothing of the device, and the device's memory may
 * go away under it; therefore the device lists its descriptors, and
 * vfio_device_cdev_del() cuts them off before it waits for anybody. From then
 * on they get ENODEV from BIND, and open() finds no device.
 *
 * KVM. A virtual machine is told of descriptors, bound or not, by whoever runs
 * it, and the descriptor of its virtual machine: vfio_cdev_set_kvm(). The driver
 * finds that in vfio_device.kvm when it opens the device.
 *
 * Locks, outermost first: vfio_device_set.lock, vfio_group.group_lock or
 * vfio_device_file.kvm_lock. vfio_cdev_lock is never held together with these.
 * Devices of different users can be in one set: attach, detach and unbind, which
 * wait for memory of the user, have attach_lock or none.
 */
#include <linux/capability.h>
#include <linux/cdev.h>
#include <linux/fs.h>
#include <linux/iommufd.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uuid.h>
#include <linux/vfio.h>
#include <linux/xarray.h>

#include "vfio.h"

/**
 * struct vfio_device_file - an open /dev/vfio/devices/vfioN
 * @device: the device of this name when it was opened, NULL once that is being
 *	    unregistered; under vfio_cdev_lock
 * @node: in vfio_device.cdev_files; under vfio_cdev_lock
 * @bound: the device once BIND has opened it. Set once, under the device set's
 *	   lock, and then true until release: it holds a registration
 * @kvm: the virtual machine that knows of the descriptor; under @kvm_lock
 * @kvm_lock: held while the driver may take a reference on @kvm
 * @attach_lock: held to attach or detach @bound
 */
struct vfio_device_file {
	struct vfio_device *device;
	struct list_head node;
	struct vfio_device *bound;
	struct kvm *kvm;
	struct mutex kvm_lock;
	struct mutex attach_lock;
};

static dev_t vfio_cdev_devt;
static struct cdev vfio_cdev;
/* Registered devices by minor number (vfio_device.index), under vfio_cdev_lock */
static DEFINE_XARRAY(vfio_cdev_devices);
static DEFINE_MUTEX(vfio_cdev_lock);

static struct vfio_device *vfio_cdev_bound(struct vfio_device_file *df)
{
	/* Pairs with vfio_cdev_open_device(): sees the device open */
	return smp_load_acquire(&df->bound);
}

static struct vfio_device *vfio_cdev_get_registration(struct vfio_device_file *df)
{
	struct vfio_device *device;

	mutex_lock(&vfio_cdev_lock);
	device = df->device;
	if (device && !vfio_device_try_get_registration(device))
		device = NULL;
	mutex_unlock(&vfio_cdev_lock);
	return device;
}

static int vfio_group_get_cdev_user(struct vfio_group *group)
{
	int ret = 0;

	mutex_lock(&group->group_lock);
	if (group->opened_file)
		ret = -EBUSY;
	else
		group->cdev_users++;
	mutex_unlock(&group->group_lock);
	return ret;
}

static void vfio_group_put_cdev_user(struct vfio_group *group)
{
	mutex_lock(&group->group_lock);
	group->cdev_users--;
	mutex_unlock(&group->group_lock);
}

/* A device without an IOMMU can be had as its group can: by who may do anything */
static int vfio_cdev_check_noiommu(struct vfio_device *device)
{
	if (device->group->type != VFIO_NO_IOMMU)
		return 0;
	/* The mode may have been switched off since the device came */
	return vfio_noiommu && capable(CAP_SYS_RAWIO) ? 0 : -EPERM;
}

/*
 * The driver decides about VF tokens in its match op, which parses the string
 * that users of a group name the device with. Name it in the same way: so no
 * driver that asks for tokens can be entered without.
 */
static int vfio_cdev_check_token(struct vfio_device *device, const uuid_t *token)
{
	char *name;
	int ret;

	if (!device->ops->match)
		return token ? -EINVAL : 0;

	if (token)
		name = kasprintf(GFP_KERNEL, "%s vf_token=%pUb",
				 dev_name(device->dev), token);
	else
		name = kstrdup(dev_name(device->dev), GFP_KERNEL);
	if (!name)
		return -ENOMEM;

	ret = device->ops->match(device, name);
	kfree(name);
	if (ret < 0)
		return ret;
	return ret ? 0 : -ENODEV;
}

/* The driver references the virtual machine in open_device, or never touches it */
static int vfio_cdev_call_driver(struct vfio_device_file *df,
				 struct vfio_device *device)
{
	int ret = 0;

	if (!device->ops->open_device)
		return 0;
	mutex_lock(&df->kvm_lock);
	device->kvm = df->kvm;
	ret = device->ops->open_device(device);
	if (ret)
		device->kvm = NULL;
	mutex_unlock(&df->kvm_lock);
	return ret;
}

/* Who closed the device may still be about to unbind it */
static bool vfio_cdev_is_bound(struct vfio_device *device)
{
	/* Pairs with vfio_iommufd_unbind() */
	if (smp_load_acquire(&device->iommufd_access))
		return true;
	/* Pairs with vfio_iommufd_unbind() */
	return smp_load_acquire(&device->iommufd_device);
}

static int vfio_cdev_open_device(struct vfio_device_file *df,
				 struct iommufd_ctx *ictx, const uuid_t *token,
				 const u64 *cookie, u32 *dev_id)
{
	struct vfio_device *device;
	int ret;

	device = vfio_cdev_get_registration(df);
	if (!device)
		return -ENODEV;

	mutex_lock(&device->dev_set->lock);
	if (df->bound) {
		ret = -EINVAL;
		goto err_unlock;
	}
	if (device->open_count || vfio_cdev_is_bound(device)) {
		ret = -EBUSY;
		goto err_unlock;
	}

	ret = vfio_cdev_check_noiommu(device);
	if (ret)
		goto err_unlock;

	ret = vfio_group_get_cdev_user(device->group);
	if (ret)
		goto err_unlock;

	ret = vfio_cdev_check_token(device, token);
	if (ret)
		goto err_put_user;

	if (!try_module_get(device->dev->driver->owner)) {
		ret = -ENODEV;
		goto err_put_user;
	}

	ret = vfio_iommufd_bind(device, ictx, cookie, dev_id);
	if (ret)
		goto err_put_module;

	device->open_count++;
	ret = vfio_cdev_call_driver(df, device);
	if (ret)
		goto err_unbind;

	/* Pairs with vfio_cdev_bound() */
	smp_store_release(&df->bound, device);
	mutex_unlock(&device->dev_set->lock);
	return 0;

err_unbind:
	device->open_count--;
	vfio_iommufd_unbind(device);
err_put_module:
	module_put(device->dev->driver->owner);
err_put_user:
	vfio_group_put_cdev_user(device->group);
err_unlock:
	mutex_unlock(&device->dev_set->lock);
	vfio_device_put_registration(device);
	return ret;
}

static void vfio_cdev_close_device(struct vfio_device *device)
{
	mutex_lock(&device->dev_set->lock);
	vfio_assert_device_open(device);
	if (device->ops->close_device)
		device->ops->close_device(device);
	device->kvm = NULL;
	/* Alone in its set, and its driver may unpin as long as this takes */
	if (vfio_device_has_access(device))
		vfio_iommufd_unbind(device);
	device->open_count--;
	mutex_unlock(&device->dev_set->lock);

	/*
	 * What is waited for here is no matter of the other devices of the set.
	 * Nobody can open the device before this is done
	 */
	if (vfio_cdev_is_bound(device))
		vfio_iommufd_unbind(device);
	vfio_group_put_cdev_user(device->group);
	module_put(device->dev->driver->owner);
	vfio_device_put_registration(device);
}

static long
vfio_cdev_ioctl_bind_iommufd(struct vfio_device_file *df,
			     struct vfio_device_bind_iommufd __user *arg)
{
	size_t minsz = offsetofend(struct vfio_device_bind_iommufd, out_devid);
	struct vfio_device_bind_iommufd bind = {};
	struct iommufd_ctx *ictx;
	uuid_t token;
	int ret;

	if (copy_from_user(&bind, arg, minsz))
		return -EFAULT;
	if (bind.flags & ~(VFIO_DEVICE_BIND_FLAG_TOKEN |
			   VFIO_DEVICE_BIND_FLAG_COOKIE))
		return -EINVAL;

	if (bind.flags & VFIO_DEVICE_BIND_FLAG_TOKEN)
		minsz = offsetofend(struct vfio_device_bind_iommufd,
				    token_uuid_ptr);
	if (bind.flags & VFIO_DEVICE_BIND_FLAG_COOKIE)
		minsz = offsetofend(struct vfio_device_bind_iommufd,
				    dev_cookie);
	if (bind.argsz < minsz)
		return -EINVAL;
	if (copy_from_user(&bind, arg, minsz))
		return -EFAULT;

	if ((bind.flags & VFIO_DEVICE_BIND_FLAG_TOKEN) &&
	    copy_from_user(&token, u64_to_user_ptr(bind.token_uuid_ptr),
			   sizeof(token)))
		return -EFAULT;

	/* Fail on a read-only argument before anything changes */
	if (put_user(bind.out_devid, &arg->out_devid))
		return -EFAULT;

	ictx = iommufd_ctx_from_fd(bind.iommufd);
	if (IS_ERR(ictx))
		return PTR_ERR(ictx);

	ret = vfio_cdev_open_device(df, ictx,
				    bind.flags & VFIO_DEVICE_BIND_FLAG_TOKEN ?
					    &token : NULL,
				    bind.flags & VFIO_DEVICE_BIND_FLAG_COOKIE ?
					    &bind.dev_cookie : NULL,
				    &bind.out_devid);
	iommufd_ctx_put(ictx);
	if (ret)
		return ret;
	return put_user(bind.out_devid, &arg->out_devid);
}

static long
vfio_cdev_ioctl_attach_pt(struct vfio_device_file *df,
			  struct vfio_device *device,
			  struct vfio_device_attach_iommufd_pt __user *arg)
{
	size_t minsz = offsetofend(struct vfio_device_attach_iommufd_pt, pt_id);
	struct vfio_device_attach_iommufd_pt attach;
	int ret;

	if (copy_from_user(&attach, arg, minsz))
		return -EFAULT;
	if (attach.flags & ~VFIO_DEVICE_ATTACH_PASID)
		return -EINVAL;

	if (attach.flags & VFIO_DEVICE_ATTACH_PASID)
		minsz = offsetofend(struct vfio_device_attach_iommufd_pt,
				    pasid);
	if (attach.argsz < minsz)
		return -EINVAL;
	if (attach.flags & VFIO_DEVICE_ATTACH_PASID)
		return -EOPNOTSUPP;

	/* Fail on a read-only argument before anything changes */
	if (put_user(attach.pt_id, &arg->pt_id))
		return -EFAULT;

	mutex_lock(&df->attach_lock);
	ret = vfio_iommufd_attach(device, &attach.pt_id);
	mutex_unlock(&df->attach_lock);
	if (ret)
		return ret;
	return put_user(attach.pt_id, &arg->pt_id);
}

static long
vfio_cdev_ioctl_detach_pt(struct vfio_device_file *df,
			  struct vfio_device *device,
			  struct vfio_device_detach_iommufd_pt __user *arg)
{
	size_t minsz = offsetofend(struct vfio_device_detach_iommufd_pt, flags);
	struct vfio_device_detach_iommufd_pt detach;

	if (copy_from_user(&detach, arg, minsz))
		return -EFAULT;
	if (detach.flags & ~VFIO_DEVICE_DETACH_PASID)
		return -EINVAL;

	if (detach.flags & VFIO_DEVICE_DETACH_PASID)
		minsz = offsetofend(struct vfio_device_detach_iommufd_pt,
				    pasid);
	if (detach.argsz < minsz)
		return -EINVAL;
	if (detach.flags & VFIO_DEVICE_DETACH_PASID)
		return -EOPNOTSUPP;

	mutex_lock(&df->attach_lock);
	vfio_iommufd_detach(device);
	mutex_unlock(&df->attach_lock);
	return 0;
}

static long vfio_cdev_fops_unl_ioctl(struct file *filep, unsigned int cmd,
				     unsigned long arg)
{
	struct vfio_device_file *df = filep->private_data;
	void __user *uarg = (void __user *)arg;
	struct vfio_device *device;
	long ret;

	if (cmd == VFIO_DEVICE_BIND_IOMMUFD)
		return vfio_cdev_ioctl_bind_iommufd(df, uarg);

	device = vfio_cdev_bound(df);
	if (!device)
		return -EINVAL;

	switch (cmd) {
	case VFIO_DEVICE_ATTACH_IOMMUFD_PT:
	case VFIO_DEVICE_DETACH_IOMMUFD_PT:
		/* The device's translation cache has to answer */
		ret = vfio_device_pm_runtime_get(device);
		if (ret)
			return ret;
		if (cmd == VFIO_DEVICE_ATTACH_IOMMUFD_PT)
			ret = vfio_cdev_ioctl_attach_pt(df, device, uarg);
		else
			ret = vfio_cdev_ioctl_detach_pt(df, device, uarg);
		vfio_device_pm_runtime_put(device);
		return ret;
	default:
		return vfio_device_ioctl(device, cmd, arg);
	}
}

static ssize_t vfio_cdev_fops_read(struct file *filep, char __user *buf,
				   size_t count, loff_t *ppos)
{
	struct vfio_device *device = vfio_cdev_bound(filep->private_data);

	if (!device || !device->ops->read)
		return -EINVAL;
	return device->ops->read(device, buf, count, ppos);
}

static ssize_t vfio_cdev_fops_write(struct file *filep, const char __user *buf,
				    size_t count, loff_t *ppos)
{
	struct vfio_device *device = vfio_cdev_bound(filep->private_data);

	if (!device || !device->ops->write)
		return -EINVAL;
	return device->ops->write(device, buf, count, ppos);
}

static int vfio_cdev_fops_mmap(struct file *filep, struct vm_area_struct *vma)
{
	struct vfio_device *device = vfio_cdev_bound(filep->private_data);

	if (!device || !device->ops->mmap)
		return -EINVAL;
	return device->ops->mmap(device, vma);
}

static int vfio_cdev_fops_open(struct inode *inode, struct file *filep)
{
	struct vfio_device_file *df;
	int ret;

	df = kzalloc(sizeof(*df), GFP_KERNEL_ACCOUNT);
	if (!df)
		return -ENOMEM;

	mutex_lock(&vfio_cdev_lock);
	df->device = xa_load(&vfio_cdev_devices, iminor(inode));
	if (!df->device) {
		ret = -ENODEV;
		goto err_unlock;
	}
	if (df->device->group->type == VFIO_NO_IOMMU &&
	    !capable(CAP_SYS_RAWIO)) {
		ret = -EPERM;
		goto err_unlock;
	}
	mutex_init(&df->kvm_lock);
	mutex_init(&df->attach_lock);
	list_add(&df->node, &df->device->cdev_files);
	mutex_unlock(&vfio_cdev_lock);

	filep->private_data = df;
	return 0;

err_unlock:
	mutex_unlock(&vfio_cdev_lock);
	kfree(df);
	return ret;
}

static int vfio_cdev_fops_release(struct inode *inode, struct file *filep)
{
	struct vfio_device_file *df = filep->private_data;

	if (df->bound)
		vfio_cdev_close_device(df->bound);

	mutex_lock(&vfio_cdev_lock);
	list_del(&df->node);
	mutex_unlock(&vfio_cdev_lock);
	kfree(df);
	return 0;
}

static const struct file_operations vfio_cdev_fops = {
	.owner		= THIS_MODULE,
	.open		= vfio_cdev_fops_open,
	.release	= vfio_cdev_fops_release,
	.read		= vfio_cdev_fops_read,
	.write		= vfio_cdev_fops_write,
	.unlocked_ioctl	= vfio_cdev_fops_unl_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.mmap		= vfio_cdev_fops_mmap,
};

/*
 * What KVM and drivers ask of a file of VFIO (vfio_file_*), if it is one of these
 */

bool vfio_cdev_is_file(struct file *file)
{
	return file->f_op == &vfio_cdev_fops;
}

void vfio_cdev_set_kvm(struct file *file, struct kvm *kvm)
{
	struct vfio_device_file *df = file->private_data;

	mutex_lock(&df->kvm_lock);
	df->kvm = kvm;
	mutex_unlock(&df->kvm_lock);
}

bool vfio_cdev_enforced_coherent(struct file *file)
{
	struct vfio_device_file *df = file->private_data;
	struct vfio_device *device = vfio_cdev_bound(df);
	bool ret;

	if (device)
		return vfio_iommufd_coherent(device, true);
	device = vfio_cdev_get_registration(df);
	/* One that is gone does no DMA */
	if (!device)
		return true;
	ret = vfio_iommufd_coherent(device, false);
	vfio_device_put_registration(device);
	return ret;
}

bool vfio_cdev_has_dev(struct file *file, struct vfio_device *device)
{
	return vfio_cdev_bound(file->private_data) == device;
}

/**
 * vfio_device_cdev_add() - add a device to sysfs, and offer its character device
 * @device: the device, ready to be opened
 *
 * Return: 0, or a negative errno with nothing added.
 */
int vfio_device_cdev_add(struct vfio_device *device)
{
	int ret;

	INIT_LIST_HEAD(&device->cdev_files);
	device->device.devt = MKDEV(MAJOR(vfio_cdev_devt), device->index);

	/* Whoever opens the device on its uevent waits until it is all there */
	mutex_lock(&vfio_cdev_lock);
	ret = xa_insert(&vfio_cdev_devices, device->index, device, GFP_KERNEL);
	if (ret)
		goto out_unlock;
	ret = device_add(&device->device);
	if (ret)
		xa_erase(&vfio_cdev_devices, device->index);
out_unlock:
	mutex_unlock(&vfio_cdev_lock);
	return ret;
}

/**
 * vfio_device_cdev_del() - end new use of a device by its character device
 * @device: the device
 *
 * Descriptors that are bound keep the device until they are closed, others let
 * go of it. The device stays in sysfs, and device_del() is left to the caller.
 */
void vfio_device_cdev_del(struct vfio_device *device)
{
	struct vfio_device_file *df, *next;

	mutex_lock(&vfio_cdev_lock);
	xa_erase(&vfio_cdev_devices, device->index);
	list_for_each_entry_safe(df, next, &device->cdev_files, node) {
		df->device = NULL;
		list_del_init(&df->node);
	}
	mutex_unlock(&vfio_cdev_lock);
}

static char *vfio_device_devnode(struct device *dev, umode_t *mode)
{
	return kasprintf(GFP_KERNEL, "vfio/devices/%s", dev_name(dev));
}

int __init vfio_cdev_init(struct class *device_class)
{
	int ret;

	ret = alloc_chrdev_region(&vfio_cdev_devt, 0, MINORMASK + 1,
				  "vfio-dev");
	if (ret)
		return ret;

	cdev_init(&vfio_cdev, &vfio_cdev_fops);
	vfio_cdev.owner = THIS_MODULE;
	ret = cdev_add(&vfio_cdev, vfio_cdev_devt, MINORMASK + 1);
	if (ret) {
		unregister_chrdev_region(vfio_cdev_devt, MINORMASK + 1);
		return ret;
	}

	device_class->devnode = vfio_device_devnode;
	return 0;
}

void vfio_cdev_cleanup(void)
{
	cdev_del(&vfio_cdev);
	unregister_chrdev_region(vfio_cdev_devt, MINORMASK + 1);
	WARN_ON(!xa_empty(&vfio_cdev_devices));
}
