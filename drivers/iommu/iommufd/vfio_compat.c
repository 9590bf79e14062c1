// SPDX-License-Identifier: GPL-2.0-only
/*
 * An IOMMU fd as a container of VFIO groups.
 *
 * VFIO adds the groups that user space puts into the container, and removes
 * them. A group is taken as a whole when it is added: its DMA is blocked. With
 * VFIO_SET_IOMMU, or when it is added after that, it is attached to an IOAS as
 * a whole. No device of it needs to be open: user space learns the limits of
 * the IOMMU, and maps, before it opens any. When the last group leaves, the
 * container is as it was.
 *
 * All groups use the compatibility IOAS of the IOMMU fd (ictx->vfio.ioas). One
 * is made with the first group, unless user space has set one. A group keeps the
 * IOAS that it was added to. The pointer in the context keeps nothing: whoever
 * works with it takes a reference, and an IOAS that goes is forgotten.
 *
 * Devices of a group may come and go while it is here. So no device is kept,
 * and VFIO lends one for the time of an attach.
 *
 * ictx->vfio.lock protects the groups. What maps and unmaps (vfio_type1.c) does
 * not take it.
 */
#define pr_fmt(fmt) "iommufd: " fmt

#include <linux/amba/bus.h>
#include <linux/capability.h>
#include <linux/fsl/mc.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <uapi/linux/vfio.h>

#include "nesting.h"

static unsigned int dma_entry_limit = U16_MAX;
module_param(dma_entry_limit, uint, 0644);
MODULE_PARM_DESC(dma_entry_limit,
		 "How many mappings VFIO_IOMMU_MAP_DMA may make in an IOMMU fd that is a VFIO container (default: 65535)");

/**
 * struct iommufd_vfio_group - a group in a container
 * @ictx: the container; the group keeps it alive
 * @entry: in ictx->vfio.groups
 * @type: kind
 * @data: for VFIO's ops
 * @igroup: the group, taken as a whole; NULL but for IOMMUFD_VFIO_GROUP_IOMMU
 * @ioas: what it uses, as one of its users; NULL for a device without IOMMU
 * @attached: @igroup is attached to @ioas
 */
struct iommufd_vfio_group {
	struct iommufd_ctx *ictx;
	struct list_head entry;
	enum iommufd_vfio_group_type type;
	void *data;
	struct iommufd_group *igroup;
	struct iommufd_ioas *ioas;
	bool attached;
};

/* Those of VFIO, or NULL while it is not there; and then there is no group */
static const struct iommufd_vfio_group_ops *vfio_ops;
static DEFINE_MUTEX(vfio_ops_lock);

/**
 * iommufd_vfio_register() - VFIO is there
 * @ops: what it does for its groups
 */
void iommufd_vfio_register(const struct iommufd_vfio_group_ops *ops)
{
	mutex_lock(&vfio_ops_lock);
	WARN_ON(vfio_ops);
	vfio_ops = ops;
	mutex_unlock(&vfio_ops_lock);
}
EXPORT_SYMBOL_GPL(iommufd_vfio_register);

/* VFIO goes; it has removed all groups */
void iommufd_vfio_unregister(void)
{
	mutex_lock(&vfio_ops_lock);
	vfio_ops = NULL;
	mutex_unlock(&vfio_ops_lock);
}
EXPORT_SYMBOL_GPL(iommufd_vfio_unregister);

static bool noiommu_enabled(void)
{
	bool enabled;

	mutex_lock(&vfio_ops_lock);
	enabled = vfio_ops && vfio_ops->noiommu_enabled();
	mutex_unlock(&vfio_ops_lock);
	return enabled;
}

/*
 * The compatibility IOAS
 */

void iommufd_vfio_init(struct iommufd_ctx *ictx)
{
	mutex_init(&ictx->vfio.lock);
	INIT_LIST_HEAD(&ictx->vfio.groups);
	ictx->vfio.map_limit = UINT_MAX;
}

/* With a reference, or NULL if there is none */
struct iommufd_ioas *iommufd_vfio_get_ioas(struct iommufd_ctx *ictx)
{
	struct iommufd_ioas *ioas;

	xa_lock(&ictx->objects);
	ioas = ictx->vfio.ioas;
	if (ioas && ioas->obj.dying)
		ioas = NULL;
	if (ioas)
		refcount_inc(&ioas->obj.refs);
	xa_unlock(&ictx->objects);
	return ioas;
}

/* An IOAS is destroyed */
void iommufd_vfio_forget_ioas(struct iommufd_ioas *ioas)
{
	struct iommufd_ctx *ictx = ioas->ictx;

	xa_lock(&ictx->objects);
	if (ictx->vfio.ioas == ioas) {
		ictx->vfio.ioas = NULL;
		ictx->vfio.chosen = false;
	}
	xa_unlock(&ictx->objects);
}

/* Not one that is going: nobody would forget it again */
static int set_ioas(struct iommufd_ctx *ictx, struct iommufd_ioas *ioas,
		    bool chosen)
{
	int rc = 0;

	lockdep_assert_held(&ictx->vfio.lock);
	xa_lock(&ictx->objects);
	if (ioas && ioas->obj.dying) {
		rc = -ENOENT;
	} else {
		ictx->vfio.ioas = ioas;
		ictx->vfio.chosen = chosen;
	}
	xa_unlock(&ictx->objects);
	return rc;
}

/* Nobody has a container any more */
static void reset_container(struct iommufd_ctx *ictx)
{
	lockdep_assert_held(&ictx->vfio.lock);
	WRITE_ONCE(ictx->vfio.type, 0);
	WRITE_ONCE(ictx->vfio.map_limit, UINT_MAX);
	WRITE_ONCE(ictx->vfio.dirty_tracking, false);
	ictx->vfio.noiommu = false;
}

static int change_ioas(struct iommufd_ctx *ictx, struct iommufd_ioas *ioas)
{
	int rc;

	mutex_lock(&ictx->vfio.lock);
	rc = set_ioas(ictx, ioas, ioas);
	if (!rc && !ioas && list_empty(&ictx->vfio.groups))
		reset_container(ictx);
	mutex_unlock(&ictx->vfio.lock);
	return rc;
}

int iommufd_vfio_ioas(struct iommufd_call *call)
{
	struct iommu_vfio_ioas *cmd = call->cmd;
	struct iommufd_ctx *ictx = call->ictx;
	struct iommufd_ioas *ioas;
	int rc;

	if (cmd->__reserved)
		return -EOPNOTSUPP;
	switch (cmd->op) {
	case IOMMU_VFIO_IOAS_GET:
		ioas = iommufd_vfio_get_ioas(ictx);
		if (!ioas)
			return -ENODEV;
		cmd->ioas_id = ioas->obj.id;
		iommufd_object_put(ictx, &ioas->obj);
		return iommufd_respond(call, sizeof(*cmd));
	case IOMMU_VFIO_IOAS_SET:
		ioas = iommufd_get_ioas(ictx, cmd->ioas_id);
		if (IS_ERR(ioas))
			return PTR_ERR(ioas);
		rc = change_ioas(ictx, ioas);
		iommufd_object_put(ictx, &ioas->obj);
		return rc;
	case IOMMU_VFIO_IOAS_CLEAR:
		return change_ioas(ictx, NULL);
	default:
		return -EOPNOTSUPP;
	}
}

/*
 * Groups
 */

/* The IOAS for a new group, with a reference, or an ERR_PTR */
static struct iommufd_ioas *get_or_make_ioas(struct iommufd_ctx *ictx)
{
	struct iommufd_ioas *ioas;
	int rc;

	ioas = iommufd_vfio_get_ioas(ictx);
	if (ioas)
		return ioas;
	ioas = iommufd_ioas_alloc(ictx);
	if (IS_ERR(ioas))
		return ioas;
	ioas->of_container = true;
	refcount_inc(&ioas->obj.refs);
	iommufd_object_publish(ictx, &ioas->obj);
	rc = set_ioas(ictx, ioas, false);
	if (rc) {
		/* User space destroyed it at once */
		iommufd_object_put(ictx, &ioas->obj);
		return ERR_PTR(rc);
	}
	return ioas;
}

/* The IOAS becomes that of the group, which keeps it */
static int use_ioas(struct iommufd_vfio_group *vgroup)
{
	struct iommufd_ctx *ictx = vgroup->ictx;
	struct iommufd_ioas *ioas;
	int rc;

	ioas = get_or_make_ioas(ictx);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	rc = iommufd_object_use(ictx, &ioas->obj);
	if (!rc)
		vgroup->ioas = ioas;
	iommufd_object_put(ictx, &ioas->obj);
	return rc;
}

/* The mappings that a container made for itself go with its last user */
static void unuse_ioas(struct iommufd_vfio_group *vgroup)
{
	struct iommufd_ioas *ioas = vgroup->ioas;
	struct iommufd_ctx *ictx = vgroup->ictx;
	unsigned long unmapped;
	bool used;

	lockdep_assert_held(&ictx->vfio.lock);
	if (!ioas)
		return;
	if (list_empty(&ictx->vfio.groups) && ioas->of_container) {
		down_read(&ioas->tables_lock);
		used = !list_empty(&ioas->tables) || !xa_empty(&ioas->accesses);
		up_read(&ioas->tables_lock);
		if (!used)
			iommufd_ioas_unmap_range(ioas, 0, ULONG_MAX, &unmapped);
	}
	iommufd_object_unuse(ictx, &ioas->obj);
}

static enum iommufd_stage wanted_stage(u32 type)
{
	return type == VFIO_TYPE1_NESTING_IOMMU ? IOMMUFD_STAGE_NESTED :
						  IOMMUFD_STAGE_1;
}

/**
 * struct attach_request - a group that is to be attached
 * @vgroup: the group
 * @wanted: what its table shall be
 */
struct attach_request {
	struct iommufd_vfio_group *vgroup;
	enum iommufd_stage wanted;
};

static int attach_by_device(struct device *dev, void *arg)
{
	struct attach_request *request = arg;
	struct iommufd_vfio_group *vgroup = request->vgroup;
	int rc;

	if (request->wanted == IOMMUFD_STAGE_NESTED &&
	    !dev->bus->iommu_ops->default_domain_ops->enable_nesting) {
		dev_warn(dev,
			 "its IOMMU cannot nest: not attached to a container of VFIO_TYPE1_NESTING_IOMMU\n");
		return -EINVAL;
	}
	rc = iommufd_group_attach(vgroup->igroup, dev, vgroup->ioas,
				  request->wanted);
	/* type1 knows no other word for IOVAs that are in the way */
	return rc == -EADDRINUSE ? -EINVAL : rc;
}

static int attach_group(struct iommufd_vfio_group *vgroup, u32 type)
{
	struct attach_request request = {
		.vgroup = vgroup,
		.wanted = wanted_stage(type),
	};
	int rc;

	lockdep_assert_held(&vgroup->ictx->vfio.lock);
	if (!vgroup->igroup)
		return 0;
	rc = vfio_ops->with_device(vgroup->data, attach_by_device, &request);
	if (!rc)
		vgroup->attached = true;
	return rc;
}

static void detach_group(struct iommufd_vfio_group *vgroup)
{
	lockdep_assert_held(&vgroup->ictx->vfio.lock);
	if (vgroup->attached)
		iommufd_group_detach(vgroup->ictx, vgroup->igroup);
	vgroup->attached = false;
}

/* Take hold of all that the group needs */
static int set_up_group(struct iommufd_vfio_group *vgroup,
			struct iommu_group *group)
{
	struct iommufd_ctx *ictx = vgroup->ictx;
	int rc;

	lockdep_assert_held(&ictx->vfio.lock);
	if (vgroup->type == IOMMUFD_VFIO_GROUP_IOMMU) {
		vgroup->igroup = iommufd_group_bind(ictx, group);
		if (IS_ERR(vgroup->igroup))
			return PTR_ERR(vgroup->igroup);
	}
	if (vgroup->type != IOMMUFD_VFIO_GROUP_NOIOMMU) {
		rc = use_ioas(vgroup);
		if (rc)
			goto err_unbind;
	}
	if (ictx->vfio.type) {
		rc = attach_group(vgroup, ictx->vfio.type);
		if (rc)
			goto err_unuse;
	}
	return 0;

err_unuse:
	unuse_ioas(vgroup);
err_unbind:
	if (vgroup->igroup)
		iommufd_group_unbind(ictx, vgroup->igroup);
	return rc;
}

/*
 * Devices with and without IOMMU do not share a container. One with an IOAS that
 * user space has chosen can be type1's without any group
 */
static bool would_mix(struct iommufd_vfio *vfio, bool noiommu)
{
	lockdep_assert_held(&vfio->lock);
	if (vfio->type)
		return noiommu != (vfio->type == VFIO_NOIOMMU_IOMMU);
	return !list_empty(&vfio->groups) && noiommu != vfio->noiommu;
}

/**
 * iommufd_vfio_group_add() - put a group into a container
 * @ictx: the container; the group keeps it alive
 * @group: the group, which VFIO keeps until it is removed again
 * @type: kind of group
 * @data: for iommufd_vfio_group_ops
 *
 * Return: the group or an ERR_PTR, as VFIO_GROUP_SET_CONTAINER returns it:
 * -EPERM if somebody else uses the group, if groups with and without IOMMU
 * would mix, or the caller may not use a device without; -EBUSY if a kernel
 * driver does; -EINVAL if it does not suit what is mapped.
 */
struct iommufd_vfio_group *
iommufd_vfio_group_add(struct iommufd_ctx *ictx, struct iommu_group *group,
		       enum iommufd_vfio_group_type type, void *data)
{
	bool noiommu = type == IOMMUFD_VFIO_GROUP_NOIOMMU;
	struct iommufd_vfio *vfio = &ictx->vfio;
	struct iommufd_vfio_group *vgroup;
	int rc;

	if (noiommu && !capable(CAP_SYS_RAWIO))
		return ERR_PTR(-EPERM);
	vgroup = kzalloc(sizeof(*vgroup), GFP_KERNEL_ACCOUNT);
	if (!vgroup)
		return ERR_PTR(-ENOMEM);
	vgroup->ictx = ictx;
	vgroup->type = type;
	vgroup->data = data;

	mutex_lock(&vfio->lock);
	if (would_mix(vfio, noiommu))
		rc = -EPERM;
	else
		rc = set_up_group(vgroup, group);
	if (!rc) {
		list_add_tail(&vgroup->entry, &vfio->groups);
		vfio->noiommu = noiommu;
	}
	mutex_unlock(&vfio->lock);
	if (rc) {
		kfree(vgroup);
		return ERR_PTR(rc);
	}
	iommufd_ctx_get(ictx);
	return vgroup;
}
EXPORT_SYMBOL_GPL(iommufd_vfio_group_add);

/**
 * iommufd_vfio_group_remove() - undo iommufd_vfio_group_add()
 * @vgroup: the group
 *
 * No device of it is open. May drop the last reference to the context.
 */
void iommufd_vfio_group_remove(struct iommufd_vfio_group *vgroup)
{
	struct iommufd_ctx *ictx = vgroup->ictx;

	mutex_lock(&ictx->vfio.lock);
	detach_group(vgroup);
	list_del(&vgroup->entry);
	unuse_ioas(vgroup);
	if (vgroup->igroup)
		iommufd_group_unbind(ictx, vgroup->igroup);
	if (list_empty(&ictx->vfio.groups))
		reset_container(ictx);
	mutex_unlock(&ictx->vfio.lock);
	kfree(vgroup);
	iommufd_ctx_put(ictx);
}
EXPORT_SYMBOL_GPL(iommufd_vfio_group_remove);

/* May devices of the group be opened? User space has set what the IOMMU is */
bool iommufd_vfio_group_ready(struct iommufd_vfio_group *vgroup)
{
	return READ_ONCE(vgroup->ictx->vfio.type);
}
EXPORT_SYMBOL_GPL(iommufd_vfio_group_ready);

struct iommufd_ctx *iommufd_vfio_group_ctx(struct iommufd_vfio_group *vgroup)
{
	return vgroup->ictx;
}
EXPORT_SYMBOL_GPL(iommufd_vfio_group_ctx);

/* The ID of the IOAS of a group that is not without IOMMU */
u32 iommufd_vfio_group_ioas(struct iommufd_vfio_group *vgroup)
{
	return vgroup->ioas->obj.id;
}
EXPORT_SYMBOL_GPL(iommufd_vfio_group_ioas);

/*
 * Extensions
 */

/* Have all tables what is asked for? @none is the answer if there are none */
static bool all_tables(struct iommufd_ioas *ioas,
		       bool (*has)(const struct iommufd_hwpt *hwpt), bool none)
{
	struct iommufd_hwpt *hwpt;
	bool all;

	down_read(&ioas->tables_lock);
	all = none || !list_empty(&ioas->tables);
	list_for_each_entry(hwpt, &ioas->tables, entry)
		all = all && has(hwpt);
	up_read(&ioas->tables_lock);
	return all;
}

static bool is_coherent(const struct iommufd_hwpt *hwpt)
{
	return hwpt->enforce_snoop;
}

static bool is_nested(const struct iommufd_hwpt *hwpt)
{
	return hwpt->stage == IOMMUFD_STAGE_NESTED;
}

/**
 * iommufd_vfio_group_coherent() - is DMA of the group always coherent?
 * @vgroup: the group
 *
 * Return: true if a device cannot ask for anything else; false also before the
 * group is attached.
 */
bool iommufd_vfio_group_coherent(struct iommufd_vfio_group *vgroup)
{
	return iommufd_vfio_group_ready(vgroup) && vgroup->ioas &&
	       all_tables(vgroup->ioas, is_coherent, true);
}
EXPORT_SYMBOL_GPL(iommufd_vfio_group_coherent);

/**
 * iommufd_vfio_show_groups() - list the groups that are attached as wholes
 * @m: where to
 * @ictx: context
 */
void iommufd_vfio_show_groups(struct seq_file *m, struct iommufd_ctx *ictx)
{
	struct iommufd_vfio_group *vgroup;

	if (!mutex_trylock(&ictx->vfio.lock)) {
		seq_puts(m, "  groups busy\n");
		return;
	}
	list_for_each_entry(vgroup, &ictx->vfio.groups, entry) {
		if (!vgroup->igroup)
			continue;
		seq_printf(m, "  group %d",
			   iommu_group_id(vgroup->igroup->group));
		if (vgroup->attached)
			seq_printf(m, " hwpt %u", vgroup->igroup->hwpt->obj.id);
		seq_putc(m, '\n');
	}
	mutex_unlock(&ictx->vfio.lock);
}

static bool bus_can_nest(struct bus_type *bus)
{
	const struct iommu_ops *ops = bus->iommu_ops;

	return ops && ops->user_ops && ops->user_ops->can_nest();
}

/* Can the IOMMU of any bus whose devices VFIO hands out? */
static bool any_can_nest(void)
{
#ifdef CONFIG_PCI
	if (bus_can_nest(&pci_bus_type))
		return true;
#endif
#ifdef CONFIG_ARM_AMBA
	if (bus_can_nest(&amba_bustype))
		return true;
#endif
#ifdef CONFIG_FSL_MC_BUS
	if (bus_can_nest(&fsl_mc_bus_type))
		return true;
#endif
	return bus_can_nest(&platform_bus_type);
}

static long check_type1_extension(struct iommufd_ctx *ictx, unsigned long arg)
{
	u32 type = READ_ONCE(ictx->vfio.type);
	struct iommufd_ioas *ioas;
	long ret;

	switch (arg) {
	case VFIO_TYPE1_IOMMU:
	case VFIO_TYPE1v2_IOMMU:
	case VFIO_UNMAP_ALL:
		return 1;
	case VFIO_TYPE1_NESTING_IOMMU:
		if (!type)
			return any_can_nest();
		break;
	case VFIO_DMA_CC_IOMMU:
		if (!type)
			return 0;
		break;
	default:
		/* VFIO_UPDATE_VADDR: what is mapped belongs to its process */
		return 0;
	}

	ioas = iommufd_vfio_get_ioas(ictx);
	if (!ioas)
		return 0;
	if (arg == VFIO_DMA_CC_IOMMU)
		ret = all_tables(ioas, is_coherent, true);
	else
		ret = type == VFIO_TYPE1_NESTING_IOMMU &&
		      all_tables(ioas, is_nested, false);
	iommufd_object_put(ictx, &ioas->obj);
	return ret;
}

static long check_extension(struct iommufd_ctx *ictx, unsigned long arg)
{
	struct iommufd_vfio *vfio = &ictx->vfio;
	bool noiommu, others;

	mutex_lock(&vfio->lock);
	noiommu = list_empty(&vfio->groups) || vfio->noiommu;
	others = list_empty(&vfio->groups) || !vfio->noiommu;
	mutex_unlock(&vfio->lock);
	if (arg == VFIO_NOIOMMU_IOMMU)
		return noiommu && noiommu_enabled();
	return others ? check_type1_extension(ictx, arg) : 0;
}

/*
 * VFIO_SET_IOMMU
 */

static int attach_groups(struct iommufd_ctx *ictx, u32 type)
{
	struct iommufd_vfio_group *vgroup;
	int rc;

	lockdep_assert_held(&ictx->vfio.lock);
	list_for_each_entry(vgroup, &ictx->vfio.groups, entry) {
		rc = attach_group(vgroup, type);
		if (rc)
			goto err_detach;
	}
	return 0;

err_detach:
	list_for_each_entry_continue_reverse(vgroup, &ictx->vfio.groups, entry)
		detach_group(vgroup);
	return rc;
}

/* Is this a kind of IOMMU that the groups can have? */
static int check_type(struct iommufd_ctx *ictx, unsigned long type)
{
	switch (type) {
	case VFIO_NOIOMMU_IOMMU:
		if (!ictx->vfio.noiommu || !noiommu_enabled())
			return -ENODEV;
		return capable(CAP_SYS_RAWIO) ? 0 : -EPERM;
	case VFIO_TYPE1_IOMMU:
	case VFIO_TYPE1v2_IOMMU:
		return ictx->vfio.noiommu ? -ENODEV : 0;
	case VFIO_TYPE1_NESTING_IOMMU:
		if (ictx->vfio.noiommu)
			return -ENODEV;
		return any_can_nest() ? 0 : -EINVAL;
	default:
		return -ENODEV;
	}
}

static int set_iommu(struct iommufd_ctx *ictx, unsigned long type)
{
	struct iommufd_vfio *vfio = &ictx->vfio;
	int rc;

	mutex_lock(&vfio->lock);
	if (vfio->type || (list_empty(&vfio->groups) && !vfio->chosen)) {
		rc = -EINVAL;
		goto out_unlock;
	}
	rc = check_type(ictx, type);
	if (rc)
		goto out_unlock;
	rc = attach_groups(ictx, type);
	if (rc)
		goto out_unlock;
	WRITE_ONCE(vfio->map_limit, READ_ONCE(dma_entry_limit));
	WRITE_ONCE(vfio->type, type);
out_unlock:
	mutex_unlock(&vfio->lock);
	return rc;
}

/*
 * Dispatch
 */

/* An ioctl that works on mappings */
static long call_type1(struct iommufd_ctx *ictx, unsigned int cmd,
		       void __user *arg)
{
	u32 type = READ_ONCE(ictx->vfio.type);
	struct iommufd_ioas *ioas;
	long ret;

	if (type == VFIO_NOIOMMU_IOMMU)
		return -ENOTTY;
	if (!type && !READ_ONCE(ictx->vfio.chosen))
		return -EINVAL;
	ioas = iommufd_vfio_get_ioas(ictx);
	if (!ioas)
		return -ENODEV;
	ret = iommufd_type1_ioctl(ioas, cmd, arg);
	iommufd_object_put(ictx, &ioas->obj);
	return ret;
}

/**
 * iommufd_vfio_ioctl() - the ioctls of a VFIO container
 * @ictx: context
 * @cmd: ioctl
 * @arg: its argument
 *
 * Return: as VFIO's container does; -ENOTTY for all that it does not know.
 */
long iommufd_vfio_ioctl(struct iommufd_ctx *ictx, unsigned int cmd,
			unsigned long arg)
{
	switch (cmd) {
	case VFIO_GET_API_VERSION:
		return VFIO_API_VERSION;
	case VFIO_CHECK_EXTENSION:
		return check_extension(ictx, arg);
	case VFIO_SET_IOMMU:
		return set_iommu(ictx, arg);
	case VFIO_IOMMU_GET_INFO:
	case VFIO_IOMMU_MAP_DMA:
	case VFIO_IOMMU_UNMAP_DMA:
	case VFIO_IOMMU_DIRTY_PAGES:
		return call_type1(ictx, cmd, (void __user *)arg);
	default:
		return -ENOTTY;
	}
}
