// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nested translation on the SMMUv3: stage 1 of a guest on stage 2 of the host.
 *
 * The parent is a stage-2 domain of one SMMU. A nested domain is the guest's
 * stream table entry, which names a table of context descriptors (CDs) in the
 * guest's memory, and thereby the page tables of all its PASIDs. The kernel
 * reads nothing of all that: the SMMU does, through stage 2.
 *
 * A device that is attached to a nested domain is one of the parent's devices
 * with a stage 1 in front: master->domain is the parent, master->nested the
 * guest's part. So what is unmapped in the parent is invalidated for it, too.
 *
 * Whatever the TLBs keep for a guest has the VMID of its parent: two stage 1 on
 * one parent have the same ASIDs, whether they are of one vIOMMU or two.
 * Invalidations of a guest are turned into those of the real SMMU one by one
 * (arm-smmu-v3-guest.c) and issued in batches. They take no lock but that of the
 * vDEVICEs, which give StreamIDs a meaning; those of a device never change.
 *
 * A guest chooses the memory attributes of its stage 1. If stage 2 cannot force
 * them (S2FWB) and no bus does (CANWBS), a guest can see what is in memory but
 * not in the caches, that is, what somebody else left there. Nesting is refused
 * then, unless a parameter that taints the kernel allows it.
 */
#include <linux/bitfield.h>
#include <linux/io.h>
#include <linux/moduleparam.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <uapi/linux/iommufd.h>

#include "arm-smmu-v3-nested.h"

static bool allow_noncoherent_nesting;
module_param_unsafe(allow_noncoherent_nesting, bool, 0644);
MODULE_PARM_DESC(allow_noncoherent_nesting,
		 "Let users have a stage 1 of their own where it can bypass the caches: they can read what others left in memory (default: false)");

/**
 * struct arm_smmu_viommu - what a guest has of an SMMU
 * @core: what /dev/iommu knows of it
 * @smmu: the SMMU
 * @vmid: tags what the TLBs keep for the guest; it is the parent's
 */
struct arm_smmu_viommu {
	struct iommu_viommu core;
	struct arm_smmu_device *smmu;
	u16 vmid;
};

static struct arm_smmu_nested *to_smmu_nested(struct iommu_domain *domain)
{
	return container_of(domain, struct arm_smmu_nested, core.domain);
}

static struct arm_smmu_viommu *to_smmu_viommu(struct iommu_viommu *viommu)
{
	return container_of(viommu, struct arm_smmu_viommu, core);
}

/* The device if it is behind this SMMU, or else NULL */
static struct arm_smmu_master *master_of(struct arm_smmu_device *smmu,
					 struct device *dev)
{
	if (!dev->iommu || dev->iommu->iommu_dev != &smmu->iommu)
		return NULL;
	return dev_iommu_priv_get(dev);
}

/*
 * What an SMMU has
 */

static bool nesting_is_coherent(struct arm_smmu_master *master)
{
	struct iommu_fwspec *fwspec = dev_iommu_fwspec_get(master->dev);

	return master->smmu->features & ARM_SMMU_FEAT_S2FWB ||
	       fwspec->flags & IOMMU_FWSPEC_PCI_RC_CANWBS;
}

int arm_smmu_driver_info(struct device *dev, struct iommu_driver_info *info)
{
	struct arm_smmu_master *master = dev_iommu_priv_get(dev);
	void __iomem *base = master->smmu->base;
	struct iommu_hw_info_arm_smmuv3 *hw = (void *)info->data;
	unsigned int i;

	BUILD_BUG_ON(sizeof(*hw) > sizeof(info->data));
	if (info->type && info->type != IOMMU_HW_INFO_TYPE_ARM_SMMUV3)
		return -EOPNOTSUPP;

	info->type = IOMMU_HW_INFO_TYPE_ARM_SMMUV3;
	info->length = sizeof(*hw);
	memset(hw, 0, sizeof(*hw));
	for (i = 0; i < ARRAY_SIZE(hw->idr); i++)
		hw->idr[i] = readl_relaxed(base + ARM_SMMU_IDR0 + 4 * i);
	hw->iidr = readl_relaxed(base + ARM_SMMU_IIDR);
	hw->aidr = readl_relaxed(base + ARM_SMMU_AIDR);
	return 0;
}

static int arm_smmu_cd_table_probe(struct device *dev,
				   struct iommu_user_format_info *info)
{
	struct arm_smmu_master *master = dev_iommu_priv_get(dev);
	struct arm_smmu_device *smmu = master->smmu;

	/* Stalled transactions of a guest would be everybody's problem */
	if (!(smmu->features & ARM_SMMU_FEAT_NESTING) ||
	    smmu->features & ARM_SMMU_FEAT_STALL_FORCE)
		return -EOPNOTSUPP;
	*info = (struct iommu_user_format_info) {
		.noncoherent = !nesting_is_coherent(master),
		.addr_width = smmu->features & ARM_SMMU_FEAT_VAX ? 52 : 48,
		.pasid_width = master->ssid_bits,
		.pgsizes = smmu->pgsize_bitmap,
	};
	return info->noncoherent && !allow_noncoherent_nesting ? -EPERM : 0;
}

/*
 * Nested domains
 */

static int arm_smmu_nested_finalise(struct iommu_domain *domain,
				    struct device *dev)
{
	struct iommu_domain *parent = to_nested_domain(domain)->parent;

	return master_of(to_smmu_domain(parent)->smmu, dev) ? 0 : -EINVAL;
}

static int arm_smmu_nested_attach(struct iommu_domain *domain,
				  struct device *dev)
{
	struct arm_smmu_nested *nested = to_smmu_nested(domain);
	struct arm_smmu_domain *parent = to_smmu_domain(nested->core.parent);
	struct arm_smmu_master *master = master_of(parent->smmu, dev);

	return master ? arm_smmu_attach_master(master, parent, nested) :
			-EINVAL;
}

static void arm_smmu_nested_free(struct iommu_domain *domain)
{
	kfree(to_smmu_nested(domain));
}

static const struct iommu_domain_ops arm_smmu_nested_ops = {
	.finalise = arm_smmu_nested_finalise,
	.attach_dev = arm_smmu_nested_attach,
	.free = arm_smmu_nested_free,
};

static struct iommu_nested_domain *
arm_smmu_nested_alloc(struct device *dev, struct iommu_domain *parent,
		      struct iommu_viommu *viommu, const void *data)
{
	const struct iommu_hwpt_arm_smmuv3 *user = data;
	struct arm_smmu_device *smmu = to_smmu_domain(parent)->smmu;
	struct arm_smmu_nested *nested;
	int rc;

	if (!master_of(smmu, dev))
		return ERR_PTR(-EINVAL);
	nested = kzalloc(sizeof(*nested), GFP_KERNEL_ACCOUNT);
	if (!nested)
		return ERR_PTR(-ENOMEM);
	rc = arm_smmu_guest_ste(smmu, (__force __le64 *)user->ste, &nested->ste);
	if (rc) {
		kfree(nested);
		return ERR_PTR(rc);
	}
	nested->core.domain.ops = &arm_smmu_nested_ops;
	return &nested->core;
}

/*
 * Invalidation
 */

/**
 * struct guest_batch - invalidations of a guest on their way to the SMMU
 * @smmu: the SMMU
 * @vmid: of the guest
 * @viommu: who knows what the guest's StreamIDs are, or NULL
 * @dev: the device that all are for, or NULL
 * @cmds: commands that wait to be issued
 */
struct guest_batch {
	struct arm_smmu_device *smmu;
	u16 vmid;
	struct iommu_viommu *viommu;
	struct device *dev;
	struct arm_smmu_cmdq_batch cmds;
};

static int issue(struct guest_batch *batch)
{
	int rc = 0;

	if (batch->cmds.num)
		rc = arm_smmu_cmdq_issue_cmdlist(batch->smmu, batch->cmds.cmds,
						 batch->cmds.num, true);
	batch->cmds.num = 0;
	return rc;
}

static int add_cmd(struct guest_batch *batch,
		   const struct arm_smmu_guest_cmd *guest, u32 sid)
{
	u64 *cmd = &batch->cmds.cmds[batch->cmds.num * CMDQ_ENT_DWORDS];

	cmd[0] = guest->cmd[0];
	cmd[1] = guest->cmd[1];
	if (guest->stream)
		cmd[0] |= FIELD_PREP(CMDQ_CFGI_0_SID, sid);
	/* Not full, as some SMMUs want a CMD_SYNC before it is */
	if (++batch->cmds.num < CMDQ_BATCH_ENTRIES - 1)
		return 0;
	return issue(batch);
}

/* A device has one StreamID or more; the guest knows of one */
static int add_streams(struct guest_batch *batch,
		       const struct arm_smmu_guest_cmd *guest,
		       struct device *dev)
{
	struct arm_smmu_master *master = master_of(batch->smmu, dev);
	unsigned int i;
	int rc = 0;

	if (!master)
		return -EINVAL;
	/* A device that does not cache translations does not answer */
	if (guest->atc && !master->ats_enabled)
		return 0;
	/* One without PASIDs need not know what a PASID prefix is */
	if (guest->atc && guest->cmd[0] & CMDQ_0_SSV &&
	    (!master->ssid_bits ||
	     FIELD_GET(CMDQ_ATC_0_SSID, guest->cmd[0]) >> master->ssid_bits))
		return -EIO;
	for (i = 0; i < master->num_streams && !rc; i++)
		rc = add_cmd(batch, guest, master->streams[i].id);
	return rc;
}

/* A device that the guest names */
static int add_vdevice(struct guest_batch *batch,
		       const struct arm_smmu_guest_cmd *guest)
{
	struct iommu_vdevice *vdevice;
	int rc = -EIO;

	xa_lock(&batch->viommu->vdevices);
	vdevice = iommu_viommu_find_vdevice(batch->viommu, guest->sid);
	if (vdevice)
		rc = add_streams(batch, guest, vdevice->dev);
	xa_unlock(&batch->viommu->vdevices);
	return rc;
}

static int add_entry(struct guest_batch *batch, const __le64 *user)
{
	struct arm_smmu_guest_cmd guest;
	int rc;

	rc = arm_smmu_guest_cmd(batch->smmu, batch->vmid, user, &guest);
	if (rc)
		return rc;
	if (!guest.stream)
		return add_cmd(batch, &guest, 0);
	if (batch->dev)
		return add_streams(batch, &guest, batch->dev);
	/* Nobody knows what the guest's StreamID means */
	if (!batch->viommu || batch->viommu->implicit)
		return -EINVAL;
	return add_vdevice(batch, &guest);
}

static int invalidate(struct guest_batch *batch,
		      const struct iommu_viommu_arm_smmuv3_invalidate *entries,
		      u32 num, u32 *done)
{
	int rc = 0, issued;
	u32 i;

	for (i = 0; i < num; i++) {
		rc = add_entry(batch, (__force __le64 *)entries[i].cmd);
		if (rc)
			break;
	}
	/* If the queue does not answer, nobody knows what has been done */
	issued = issue(batch);
	if (issued)
		return issued;
	*done = i;
	return rc;
}

static int arm_smmu_nested_invalidate(struct iommu_nested_domain *nested,
				      struct device *dev, const void *entries,
				      u32 num, u32 *done)
{
	struct arm_smmu_domain *parent = to_smmu_domain(nested->parent);
	struct guest_batch batch = {
		.smmu = parent->smmu,
		.vmid = parent->s2_cfg.vmid,
		.viommu = nested->viommu,
		.dev = dev,
	};

	return invalidate(&batch, entries, num, done);
}

/*
 * Events
 */

/**
 * arm_smmu_report_guest_event() - tell a guest of an event
 * @master: device that is attached to a nested domain; the caller holds the
 *          streams_mutex
 * @evt: the event
 *
 * Return: 0 if the guest was told; an error if it is none of its affairs, or
 * nobody listens.
 */
int arm_smmu_report_guest_event(struct arm_smmu_master *master, const u64 *evt)
{
	struct iommu_viommu *viommu = master->nested->core.viommu;
	struct iommu_vevent_arm_smmuv3 guest;
	u64 sid;
	int rc;

	lockdep_assert_held(&master->smmu->streams_mutex);
	/* Who names devices by their cookies has no StreamIDs */
	if (!viommu || viommu->implicit)
		return -EOPNOTSUPP;
	rc = iommu_viommu_find_id(viommu, master->dev, &sid);
	if (rc)
		return rc;
	if (!arm_smmu_guest_event(evt, sid, (__force __le64 *)guest.evt))
		return -EINVAL;
	return iommu_viommu_report_event(viommu, IOMMU_VEVENTQ_TYPE_ARM_SMMUV3,
					 &guest, sizeof(guest));
}

/**
 * arm_smmu_report_lost_events() - tell everybody that events were lost
 * @smmu: SMMU whose event queue was full
 *
 * Nobody knows of which device they were.
 */
void arm_smmu_report_lost_events(struct arm_smmu_device *smmu)
{
	struct arm_smmu_master *master;
	struct iommu_viommu *viommu;
	struct rb_node *node;

	mutex_lock(&smmu->streams_mutex);
	for (node = rb_first(&smmu->streams); node; node = rb_next(node)) {
		master = rb_entry(node, struct arm_smmu_stream, node)->master;
		viommu = master->nested ? master->nested->core.viommu : NULL;
		if (viommu && !viommu->implicit)
			iommu_viommu_report_event(viommu,
						  IOMMU_VEVENTQ_TYPE_ARM_SMMUV3,
						  NULL, 0);
		iommu_report_lost_faults(master->dev);
	}
	mutex_unlock(&smmu->streams_mutex);
}

/*
 * vIOMMUs
 */

static int arm_smmu_viommu_probe(struct device *dev)
{
	struct iommu_user_format_info info;

	/* Whether it is safe is asked when a table is made */
	return arm_smmu_cd_table_probe(dev, &info) == -EOPNOTSUPP ?
	       -EOPNOTSUPP : 0;
}

static int arm_smmu_viommu_init(struct iommu_viommu *core, void *data)
{
	struct arm_smmu_domain *parent = to_smmu_domain(core->parent);
	struct arm_smmu_viommu *viommu = to_smmu_viommu(core);

	if (!master_of(parent->smmu, core->dev))
		return -EINVAL;
	viommu->smmu = parent->smmu;
	viommu->vmid = parent->s2_cfg.vmid;
	return 0;
}

/* What it has is the parent's */
static void arm_smmu_viommu_destroy(struct iommu_viommu *core)
{
}

static int arm_smmu_viommu_invalidate(struct iommu_viommu *core,
				      struct device *dev, const void *entries,
				      u32 num, u32 *done)
{
	struct guest_batch batch = {
		.smmu = to_smmu_viommu(core)->smmu,
		.vmid = to_smmu_viommu(core)->vmid,
		.viommu = core,
		.dev = dev,
	};

	return invalidate(&batch, entries, num, done);
}

static int arm_smmu_vdevice_init(struct iommu_vdevice *vdevice)
{
	struct arm_smmu_viommu *viommu = to_smmu_viommu(vdevice->viommu);

	/* A StreamID has 32 bits */
	if (!master_of(viommu->smmu, vdevice->dev) || vdevice->id > U32_MAX)
		return -EINVAL;
	return 0;
}

static const struct iommu_viommu_ops arm_smmu_viommus[] = {
	{
		.type = IOMMU_VIOMMU_TYPE_ARM_SMMUV3,
		.size = sizeof(struct arm_smmu_viommu),
		.vdevice_size = sizeof(struct iommu_vdevice),
		.invalidate_type = IOMMU_VIOMMU_INVALIDATE_DATA_ARM_SMMUV3,
		.invalidate_len =
			sizeof(struct iommu_viommu_arm_smmuv3_invalidate),
		.event_type = IOMMU_VEVENTQ_TYPE_ARM_SMMUV3,
		.event_len = sizeof(struct iommu_vevent_arm_smmuv3),
		.probe = arm_smmu_viommu_probe,
		.init = arm_smmu_viommu_init,
		.destroy = arm_smmu_viommu_destroy,
		.invalidate = arm_smmu_viommu_invalidate,
		.vdevice_init = arm_smmu_vdevice_init,
	},
};

static const struct iommu_user_format arm_smmu_formats[] = {
	{
		.type = IOMMU_HWPT_DATA_ARM_SMMUV3,
		.kind = IOMMU_USER_PASID_TABLE,
		.data_min = sizeof(struct iommu_hwpt_arm_smmuv3),
		.data_len = sizeof(struct iommu_hwpt_arm_smmuv3),
		.invalidate_type = IOMMU_VIOMMU_INVALIDATE_DATA_ARM_SMMUV3,
		.invalidate_len =
			sizeof(struct iommu_viommu_arm_smmuv3_invalidate),
		.viommu = &arm_smmu_viommus[0],
		.probe = arm_smmu_cd_table_probe,
		.domain_alloc = arm_smmu_nested_alloc,
		.invalidate = arm_smmu_nested_invalidate,
	},
};

static int has_nesting(struct device *dev, void *unused)
{
	struct arm_smmu_device *smmu = dev_get_drvdata(dev);

	return smmu && smmu->features & ARM_SMMU_FEAT_NESTING;
}

/* SMMUs stay once they are there */
static bool arm_smmu_can_nest(void)
{
	struct device_driver *driver = driver_find("arm-smmu-v3",
						   &platform_bus_type);

	return driver && driver_for_each_device(driver, NULL, NULL, has_nesting);
}

const struct iommu_user_ops arm_smmu_user_ops = {
	.formats = arm_smmu_formats,
	.num_formats = ARRAY_SIZE(arm_smmu_formats),
	.viommus = arm_smmu_viommus,
	.num_viommus = ARRAY_SIZE(arm_smmu_viommus),
	.can_nest = arm_smmu_can_nest,
	.reports_faults = true,
};
