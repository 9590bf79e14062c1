// SPDX-License-Identifier: GPL-2.0-only
/*
 * What user space can ask of a bound device.
 *
 * IOMMU_GET_HW_INFO is mainline's question: by device ID, the registers of the
 * IOMMU and generic capabilities. IOMMU_DEVICE_GET_INFO is ours: by cookie,
 * all that is needed to choose a format and a layout before an address space
 * exists. Its answer is read off a domain that is made for the question, so it
 * is what an attach would get.
 */
#include <linux/pci.h>
#include <linux/pci-ats.h>

#include "iommufd_private.h"

static u64 hw_capabilities(struct device *dev)
{
	if (dev_is_pci(dev) && pci_ats_supported(to_pci_dev(dev)))
		return 0;
	return IOMMU_HW_CAP_PCI_ATS_NOT_SUPPORTED;
}

int iommufd_get_hw_info(struct iommufd_call *call)
{
	struct iommu_hw_info *cmd = call->cmd;
	struct iommufd_device *idev;
	u32 wanted = cmd->in_data_type;
	u32 data_len = cmd->data_len;

	if (cmd->flags & ~IOMMU_HW_INFO_FLAG_INPUT_TYPE)
		return -EOPNOTSUPP;
	if (cmd->__reserved[0] || cmd->__reserved[1] || cmd->__reserved[2])
		return -EOPNOTSUPP;
	if (data_len && !cmd->data_uptr)
		return -EINVAL;
	if (wanted && !(cmd->flags & IOMMU_HW_INFO_FLAG_INPUT_TYPE))
		return -EINVAL;

	idev = iommufd_get_device(call->ictx, cmd->dev_id);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	cmd->out_capabilities = hw_capabilities(idev->dev);
	iommufd_object_put(call->ictx, &idev->obj);

	/* No driver tells its registers yet */
	if (wanted != IOMMU_HW_INFO_TYPE_NONE)
		return -EOPNOTSUPP;
	cmd->out_data_type = IOMMU_HW_INFO_TYPE_NONE;
	cmd->out_max_pasid_log2 = 0;
	if (data_len && clear_user(u64_to_user_ptr(cmd->data_uptr), data_len))
		return -EFAULT;
	cmd->data_len = 0;
	return iommufd_respond(call, sizeof(*cmd));
}

/* A bound device by its cookie, with a reference */
static struct iommufd_device *get_by_cookie(struct iommufd_ctx *ictx,
					    u64 cookie)
{
	struct iommufd_device *idev;
	u32 id = 0;

	mutex_lock(&ictx->groups_lock);
	list_for_each_entry(idev, &ictx->devices, entry)
		if (idev->has_cookie && idev->cookie == cookie)
			id = idev->obj.id;
	mutex_unlock(&ictx->groups_lock);
	return iommufd_get_device(ictx, id);
}

/* The formats of a device: what is not managed by the kernel comes later */
static int emit_formats(struct iommu_device_get_info *cmd)
{
	static const struct iommu_format_info format = {
		.format = IOMMU_FORMAT_MAP_UNMAP,
	};
	void __user *out = u64_to_user_ptr(cmd->formats);
	u32 room = cmd->num_formats;
	size_t len = min_t(size_t, cmd->format_len, sizeof(format));

	cmd->num_formats = 1;
	if (!room)
		return -EMSGSIZE;
	if (copy_to_user(out, &format, len) ||
	    clear_user(out + len, cmd->format_len - len))
		return -EFAULT;
	return 0;
}

/* The IOVAs of an address space that has only this device */
static int emit_ranges(struct iommufd_device *idev, struct iommu_domain *domain,
		       struct iommu_device_get_info *cmd)
{
	struct rb_root_cached reserved = RB_ROOT_CACHED;
	phys_addr_t sw_msi_start;
	unsigned long max_iova;
	int rc;

	rc = iommufd_iova_add_aperture(&reserved, domain, idev);
	if (!rc)
		rc = iommufd_iova_add_resv(&reserved, idev->igroup->group, idev,
					   &sw_msi_start);
	if (!rc) {
		rc = iommufd_iova_emit_free(&reserved, cmd->ranges,
					    &cmd->num_ranges, &max_iova);
		cmd->out_addr_width = max_iova ? fls64(max_iova) : 0;
		if (sw_msi_start != PHYS_ADDR_MAX)
			cmd->out_caps |= IOMMU_DEVICE_CAP_SW_MSI;
	}
	iommufd_iova_remove(&reserved, NULL);
	return rc;
}

static int fill_info(struct iommufd_device *idev,
		     struct iommu_device_get_info *cmd)
{
	int rc_formats, rc_ranges;
	struct iommu_domain *domain;
	bool snoop;

	domain = iommufd_domain_alloc(idev->dev, &snoop);
	if (IS_ERR(domain))
		return PTR_ERR(domain);
	cmd->out_dev_id = idev->obj.id;
	cmd->out_pgsizes = domain->pgsize_bitmap;
	cmd->out_caps = IOMMU_DEVICE_CAP_COHERENT;
	if (snoop)
		cmd->out_caps |= IOMMU_DEVICE_CAP_ENFORCE_SNOOP;
	if (idev->isolated_msi)
		cmd->out_caps |= IOMMU_DEVICE_CAP_ISOLATED_MSI;

	rc_formats = emit_formats(cmd);
	rc_ranges = emit_ranges(idev, domain, cmd);
	iommu_domain_free(domain);
	/* Too small an array is told with everything else in place */
	if (rc_formats && rc_formats != -EMSGSIZE)
		return rc_formats;
	return rc_ranges ?: rc_formats;
}

int iommufd_device_get_info(struct iommufd_call *call)
{
	struct iommu_device_get_info *cmd = call->cmd;
	struct iommufd_device *idev;
	int rc;

	if (cmd->flags)
		return -EOPNOTSUPP;
	if (cmd->format_len < sizeof(struct iommu_format_info))
		return -EINVAL;
	idev = get_by_cookie(call->ictx, cmd->dev_cookie);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	rc = fill_info(idev, cmd);
	iommufd_object_put(call->ictx, &idev->obj);
	if (rc && rc != -EMSGSIZE)
		return rc;
	return iommufd_respond(call, sizeof(*cmd)) ?: rc;
}
