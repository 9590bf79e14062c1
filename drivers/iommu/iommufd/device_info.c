// SPDX-License-Identifier: GPL-2.0-only
/*
 * What user space can ask of a bound device.
 *
 * IOMMU_GET_HW_INFO is mainline's question: by device ID, the registers of the
 * IOMMU and generic capabilities. IOMMU_DEVICE_GET_INFO is ours: by cookie,
 * all that is needed to choose a format and a layout before an address space
 * exists. Its answer is read off a domain that is made for the question, so it
 * is what an attach would get. An emulated device, which is an access, has no
 * domain and no limits.
 */
#include <linux/dma-map-ops.h>
#include <linux/pci.h>
#include <linux/pci-ats.h>

#include "nesting.h"

static u64 hw_capabilities(struct iommufd_device *idev)
{
	struct device *dev = idev->dev;
	u64 caps = 0;

	if (idev->igroup->no_iommu)
		return IOMMU_HW_CAP_PCI_ATS_NOT_SUPPORTED;
	if (device_iommu_capable(dev, IOMMU_CAP_DIRTY_TRACKING))
		caps |= IOMMU_HW_CAP_DIRTY_TRACKING;
	if (!dev_is_pci(dev) || !pci_ats_supported(to_pci_dev(dev)))
		caps |= IOMMU_HW_CAP_PCI_ATS_NOT_SUPPORTED;
	return caps;
}

/* What the driver of the IOMMU tells; most have nothing to tell */
static int get_driver_info(struct iommufd_device *idev,
			   struct iommu_driver_info *info)
{
	const struct iommu_ops *ops = idev->dev->bus->iommu_ops;

	if (!idev->igroup->no_iommu && ops->driver_info)
		return ops->driver_info(idev->dev, info);
	return info->type == IOMMU_HW_INFO_TYPE_DEFAULT ? 0 : -EOPNOTSUPP;
}

int iommufd_get_hw_info(struct iommufd_call *call)
{
	struct iommu_hw_info *cmd = call->cmd;
	struct iommu_driver_info info = {};
	void __user *data = u64_to_user_ptr(cmd->data_uptr);
	struct iommufd_device *idev;
	size_t len;
	int rc;

	if (cmd->flags & ~IOMMU_HW_INFO_FLAG_INPUT_TYPE)
		return -EOPNOTSUPP;
	if (cmd->__reserved[0] || cmd->__reserved[1] || cmd->__reserved[2])
		return -EOPNOTSUPP;
	/* Else it is what an earlier call has put out there */
	if (cmd->flags & IOMMU_HW_INFO_FLAG_INPUT_TYPE)
		info.type = cmd->in_data_type;

	idev = iommufd_get_device(call->ictx, cmd->dev_id);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	cmd->out_capabilities = hw_capabilities(idev);
	rc = get_driver_info(idev, &info);
	iommufd_object_put(call->ictx, &idev->obj);
	if (rc)
		return rc;

	cmd->out_data_type = info.type;
	cmd->out_max_pasid_log2 = 0;
	len = min(cmd->data_len, info.length);
	if (copy_to_user(data, info.data, len) ||
	    clear_user(data + len, cmd->data_len - len))
		return -EFAULT;
	cmd->data_len = info.length;
	return iommufd_respond(call, sizeof(*cmd));
}

/* A bound device by its cookie, with a reference; emulated ones are accesses */
struct iommufd_object *iommufd_get_by_cookie(struct iommufd_ctx *ictx,
					     u64 cookie)
{
	struct iommufd_object *found, *obj = ERR_PTR(-ENOENT);

	mutex_lock(&ictx->groups_lock);
	found = iommufd_find_cookie(ictx, cookie);
	if (found)
		obj = iommufd_object_get(ictx, found->id, found->type);
	/* Its ID may be another's already if it is being unbound */
	if (!IS_ERR(obj) && obj != found) {
		iommufd_object_put(ictx, obj);
		obj = ERR_PTR(-ENOENT);
	}
	mutex_unlock(&ictx->groups_lock);
	return obj;
}

/* Tell a format, the cmd->num_formats-th, if there is room for so many */
static int emit_format(struct iommu_device_get_info *cmd, u32 room,
		       const struct iommu_format_info *info)
{
	size_t len = min_t(size_t, cmd->format_len, sizeof(*info));
	void __user *out = u64_to_user_ptr(cmd->formats) +
			   (size_t)cmd->num_formats * cmd->format_len;

	if (cmd->num_formats++ >= room)
		return -EMSGSIZE;
	if (copy_to_user(out, info, len) ||
	    clear_user(out + len, cmd->format_len - len))
		return -EFAULT;
	return 0;
}

static u32 format_flags(const struct iommu_user_format *format,
			const struct iommu_user_format_info *limits,
			bool refused)
{
	u32 flags = IOMMU_FORMAT_HW_NESTING;

	if (format->kind == IOMMU_USER_PASID_TABLE)
		flags |= IOMMU_FORMAT_PASID_TABLE;
	if (limits->noncoherent)
		flags |= IOMMU_FORMAT_NONCOHERENT;
	if (refused)
		flags |= IOMMU_FORMAT_REFUSED;
	return flags;
}

/* Tell a format of the driver, if the device has it */
static int emit_user_format(struct iommufd_device *idev,
			    const struct iommu_user_format *format,
			    struct iommu_device_get_info *cmd, u32 room)
{
	struct iommu_user_format_info limits = {};
	struct iommu_format_info info = {
		.format = format->type,
		.data_len = format->data_len,
	};
	int rc;

	rc = format->probe(idev->dev, &limits);
	if (rc && rc != -EPERM)
		return 0;
	info.flags = format_flags(format, &limits, rc);
	info.addr_width = limits.addr_width;
	info.pasid_width = limits.pasid_width;
	info.pgsizes = limits.pgsizes;
	iommufd_format_invalidation(format, &info.invalidate_type,
				    &info.invalidate_len);
	if (!rc && format->kind == IOMMU_USER_PASID_TABLE) {
		cmd->out_pasid_flags |= IOMMU_PASID_USER;
		cmd->out_pasid_width = max_t(u32, cmd->out_pasid_width,
					     limits.pasid_width);
	}
	return emit_format(cmd, room, &info);
}

/* Tell the formats of a device, or what an emulated one has: @idev is NULL */
static int emit_formats(struct iommufd_device *idev,
			struct iommu_device_get_info *cmd)
{
	static const struct iommu_format_info map_unmap = {
		.format = IOMMU_FORMAT_MAP_UNMAP,
		.flags = IOMMU_FORMAT_SW_NESTING,
	};
	const struct iommu_user_ops *ops = idev ? iommufd_user_ops(idev) : NULL;
	u32 room = cmd->num_formats;
	unsigned int i;
	int rc;

	cmd->num_formats = 0;
	cmd->out_pasid_flags = 0;
	cmd->out_pasid_width = 0;
	rc = emit_format(cmd, room, &map_unmap);
	for (i = 0; rc != -EFAULT && ops && i < ops->num_formats; i++)
		rc = emit_user_format(idev, &ops->formats[i], cmd, room) ?: rc;
	return rc;
}

/* The IOVAs of an address space that has only this device */
static int emit_ranges(struct iommufd_device *idev, struct iommu_domain *domain,
		       struct iommu_device_get_info *cmd)
{
	struct rb_root_cached reserved = RB_ROOT_CACHED;
	struct iommu_iova_range sw_msi;
	unsigned long max_iova;
	int rc;

	rc = iommufd_iova_add_aperture(&reserved, domain, idev);
	if (!rc)
		rc = iommufd_iova_add_resv(&reserved, idev->igroup, idev,
					   &sw_msi);
	if (!rc) {
		rc = iommufd_iova_emit_free(&reserved, cmd->ranges,
					    &cmd->num_ranges, &max_iova);
		cmd->out_addr_width = max_iova ? fls64(max_iova) : 0;
		if (sw_msi.start <= sw_msi.last)
			cmd->out_caps |= IOMMU_DEVICE_CAP_SW_MSI;
	}
	iommufd_iova_remove(&reserved, NULL);
	return rc;
}

/* Too small an array is told with everything else in place */
static int worse_of(int rc_formats, int rc_ranges)
{
	if (rc_formats && rc_formats != -EMSGSIZE)
		return rc_formats;
	return rc_ranges ?: rc_formats;
}

static u32 device_caps(struct iommufd_device *idev, bool snoop)
{
	u32 caps = 0;

	if (idev->igroup->no_iommu) {
		caps |= IOMMU_DEVICE_CAP_NO_IOMMU;
		if (dev_is_dma_coherent(idev->dev))
			caps |= IOMMU_DEVICE_CAP_COHERENT;
		return caps;
	}
	caps |= IOMMU_DEVICE_CAP_COHERENT;
	if (snoop)
		caps |= IOMMU_DEVICE_CAP_ENFORCE_SNOOP;
	if (idev->isolated_msi)
		caps |= IOMMU_DEVICE_CAP_ISOLATED_MSI;
	if (device_iommu_capable(idev->dev, IOMMU_CAP_DIRTY_TRACKING))
		caps |= IOMMU_DEVICE_CAP_DIRTY_TRACKING;
	return caps;
}

static int fill_info(struct iommufd_device *idev,
		     struct iommu_device_get_info *cmd)
{
	int rc_formats, rc_ranges;
	struct iommu_domain *domain;
	bool snoop;

	domain = iommufd_domain_alloc(idev->igroup, idev->dev, NULL,
				      IOMMUFD_STAGE_1, &snoop);
	if (IS_ERR(domain))
		return PTR_ERR(domain);
	cmd->out_dev_id = idev->obj.id;
	cmd->out_pgsizes = domain->pgsize_bitmap;
	cmd->out_caps = device_caps(idev, snoop);

	rc_formats = emit_formats(idev, cmd);
	rc_ranges = emit_ranges(idev, domain, cmd);
	iommu_domain_free(domain);
	return worse_of(rc_formats, rc_ranges);
}

/* No hardware is in the way: the CPU does the DMA, and interrupts are calls */
static int fill_emulated_info(struct iommufd_access *access,
			      struct iommu_device_get_info *cmd)
{
	struct rb_root_cached nothing = RB_ROOT_CACHED;
	unsigned long max_iova;
	int rc;

	cmd->out_dev_id = access->obj.id;
	cmd->out_pgsizes = access->ops->needs_pin_pages ? PAGE_SIZE : 1;
	cmd->out_caps = IOMMU_DEVICE_CAP_COHERENT |
			IOMMU_DEVICE_CAP_ENFORCE_SNOOP |
			IOMMU_DEVICE_CAP_ISOLATED_MSI;

	rc = emit_formats(NULL, cmd);
	rc = worse_of(rc, iommufd_iova_emit_free(&nothing, cmd->ranges,
						 &cmd->num_ranges, &max_iova));
	cmd->out_addr_width = fls64(max_iova);
	return rc;
}

int iommufd_device_get_info(struct iommufd_call *call)
{
	struct iommu_device_get_info *cmd = call->cmd;
	struct iommufd_object *obj;
	int rc;

	if (cmd->flags)
		return -EOPNOTSUPP;
	if (cmd->format_len < offsetofend(struct iommu_format_info, pgsizes))
		return -EINVAL;
	obj = iommufd_get_by_cookie(call->ictx, cmd->dev_cookie);
	if (IS_ERR(obj))
		return PTR_ERR(obj);
	if (obj->type == IOMMUFD_OBJ_ACCESS)
		rc = fill_emulated_info(container_of(obj, struct iommufd_access,
						     obj), cmd);
	else
		rc = fill_info(container_of(obj, struct iommufd_device, obj),
			       cmd);
	iommufd_object_put(call->ictx, obj);
	if (rc && rc != -EMSGSIZE)
		return rc;
	return iommufd_respond(call, sizeof(*cmd)) ?: rc;
}
