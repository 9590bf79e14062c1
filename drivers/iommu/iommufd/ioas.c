// SPDX-License-Identifier: GPL-2.0-only
/*
 * I/O address spaces: the map from IOVA to user memory.
 *
 * An IOAS is a tree of areas that do not overlap. Map and copy put an area
 * into the tree first, which takes its IOVAs, and then bring its memory into
 * the tables, without the tree's lock. In between the area is in state MAPPING
 * and counts as not there yet: an unmap that races with it does not see it.
 * Unmap goes the same way back through state UNMAPPING; who needs the area
 * gone waits for that. So long mappings of one IOAS run side by side.
 *
 * The tree changes under tables_lock held for reading and iova_lock. The set
 * of tables changes under tables_lock held for writing: then every area is
 * MAPPED, and the tree can be walked without iova_lock.
 */
#include <linux/capability.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "iommufd_private.h"

#define MAP_PROT_FLAGS (IOMMU_IOAS_MAP_WRITEABLE | IOMMU_IOAS_MAP_READABLE)
#define MAP_FLAGS (IOMMU_IOAS_MAP_FIXED_IOVA | MAP_PROT_FLAGS)

/*
 * The object
 */

void iommufd_ioas_init(struct iommufd_ioas *ioas, struct iommufd_ctx *ictx)
{
	ioas->ictx = ictx;
	mutex_init(&ioas->attach_lock);
	init_rwsem(&ioas->tables_lock);
	INIT_LIST_HEAD(&ioas->tables);
	mutex_init(&ioas->iova_lock);
	ioas->areas = RB_ROOT;
	init_waitqueue_head(&ioas->area_gone);
	ioas->reserved = RB_ROOT_CACHED;
	ioas->allowed = RB_ROOT_CACHED;
	ioas->alignment = 1;
	ioas->first_free[0] = 1;
	ioas->first_free[1] = 1;
	ioas->huge_pages = true;
}

int iommufd_ioas_alloc_ioctl(struct iommufd_call *call)
{
	struct iommu_ioas_alloc *cmd = call->cmd;
	struct iommufd_ioas *ioas;
	int rc;

	if (cmd->flags)
		return -EOPNOTSUPP;
	ioas = iommufd_object_alloc(call->ictx, ioas, IOMMUFD_OBJ_IOAS);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);

	iommufd_ioas_init(ioas, call->ictx);

	cmd->out_ioas_id = ioas->obj.id;
	rc = iommufd_respond(call, sizeof(*cmd));
	if (rc) {
		iommufd_object_abort(call->ictx, &ioas->obj);
		return rc;
	}
	iommufd_object_publish(call->ictx, &ioas->obj);
	return 0;
}

/*
 * Map and copy
 */

/* Take out an area whose memory could not be mapped */
static void abort_area(struct iommufd_area *area)
{
	struct iommufd_ioas *ioas = area->ioas;

	mutex_lock(&ioas->iova_lock);
	iommufd_area_erase(area);
	mutex_unlock(&ioas->iova_lock);
}

static void finish_area(struct iommufd_area *area)
{
	mutex_lock(&area->ioas->iova_lock);
	area->state = IOMMUFD_AREA_MAPPED;
	mutex_unlock(&area->ioas->iova_lock);
}

static int prot_of_flags(u32 flags)
{
	int prot = IOMMU_CACHE;

	if (flags & IOMMU_IOAS_MAP_WRITEABLE)
		prot |= IOMMU_WRITE;
	if (flags & IOMMU_IOAS_MAP_READABLE)
		prot |= IOMMU_READ;
	return prot;
}

static int check_map_flags(u32 flags)
{
	if (flags & ~MAP_FLAGS)
		return -EOPNOTSUPP;
	if (!(flags & MAP_PROT_FLAGS))
		return -EINVAL;
	return 0;
}

/* An IOVA or user address range that the kernel can handle? */
static int check_range(u64 start, u64 length)
{
	u64 last;

	if (!length)
		return -EINVAL;
	if (length > ULONG_MAX || check_add_overflow(start, length - 1, &last) ||
	    last > ULONG_MAX)
		return -EOVERFLOW;
	return 0;
}

/**
 * insert_areas() - put new areas into the tree, one behind the other
 * @ioas: address space; tables_lock is held
 * @areas: the areas, with last - iova + 1 their length
 * @nareas: number of areas
 * @length: bytes of all areas
 * @flags: of map
 * @iova: where they begin; chosen here without IOMMU_IOAS_MAP_FIXED_IOVA
 *
 * Return: 0, or an error; then none is in the tree.
 */
static int insert_areas(struct iommufd_ioas *ioas, struct iommufd_area **areas,
			unsigned int nareas, unsigned long length, u32 flags,
			unsigned long *iova)
{
	unsigned long pos;
	unsigned int i;
	int rc;

	mutex_lock(&ioas->iova_lock);
	rc = -EINVAL;
	for (i = 0; i < nareas; i++)
		if ((areas[i]->va | iommufd_area_length(areas[i])) &
		    (ioas->alignment - 1))
			goto out_unlock;
	if (flags & IOMMU_IOAS_MAP_FIXED_IOVA)
		rc = iommufd_ioas_check_iova(ioas, *iova, length);
	else
		rc = iommufd_ioas_alloc_iova(ioas, iova, areas[0]->va, length);
	if (rc)
		goto out_unlock;

	pos = *iova;
	for (i = 0; i < nareas; i++) {
		iommufd_area_insert(areas[i], ioas, pos);
		pos = areas[i]->last + 1;
	}
out_unlock:
	mutex_unlock(&ioas->iova_lock);
	return rc;
}

static int check_copy_ioas(struct iommu_ioas_copy *cmd)
{
	int rc;

	rc = check_map_flags(cmd->flags);
	if (rc)
		return rc;
	rc = check_range(cmd->src_iova, cmd->length);
	if (rc)
		return rc;
	if (cmd->flags & IOMMU_IOAS_MAP_FIXED_IOVA)
		return check_range(cmd->dst_iova, cmd->length);
	return 0;
}

int iommufd_ioas_map(struct iommufd_call *call)
{
	struct iommu_ioas_map *cmd = call->cmd;
	struct iommufd_payer *payer;
	struct iommufd_area *area;
	struct iommufd_ioas *ioas;
	unsigned long iova = cmd->iova;
	int rc;

	if (cmd->__reserved)
		return -EOPNOTSUPP;
	rc = check_map_flags(cmd->flags);
	if (rc)
		return rc;
	rc = check_range(cmd->user_va, cmd->length);
	if (rc)
		return rc;
	if (cmd->flags & IOMMU_IOAS_MAP_FIXED_IOVA) {
		rc = check_range(cmd->iova, cmd->length);
		if (rc)
			return rc;
	}

	ioas = iommufd_get_ioas(call->ictx, cmd->ioas_id);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	payer = iommufd_payer_get(call->ictx);
	if (IS_ERR(payer)) {
		rc = PTR_ERR(payer);
		goto out_put;
	}
	area = iommufd_area_alloc(payer, cmd->user_va, cmd->length,
				  prot_of_flags(cmd->flags));
	iommufd_payer_put(payer);
	if (!area) {
		rc = -ENOMEM;
		goto out_put;
	}

	down_read(&ioas->tables_lock);
	rc = insert_areas(ioas, &area, 1, cmd->length, cmd->flags, &iova);
	if (rc)
		goto err_free;
	rc = iommufd_area_fill(area);
	if (rc)
		goto err_abort;
	cmd->iova = iova;
	rc = iommufd_respond(call, sizeof(*cmd));
	if (rc)
		goto err_unfill;
	finish_area(area);
	up_read(&ioas->tables_lock);
	iommufd_object_put(call->ictx, &ioas->obj);
	return 0;

err_unfill:
	iommufd_area_unfill(area);
err_abort:
	abort_area(area);
err_free:
	up_read(&ioas->tables_lock);
	iommufd_area_free(area);
out_put:
	iommufd_object_put(call->ictx, &ioas->obj);
	return rc;
}

/* Count the areas that [iova, last] consists of, without gaps */
static int count_source(struct iommufd_ioas *ioas, unsigned long iova,
			unsigned long last, u16 prot)
{
	unsigned long pos = iova;
	struct iommufd_area *area;
	int n = 0;

	iommufd_for_each_area(area, ioas, iova, last) {
		if (area->iova > pos || area->state != IOMMUFD_AREA_MAPPED)
			return -ENOENT;
		if ((prot & IOMMU_WRITE) && !(area->prot & IOMMU_WRITE))
			return -EPERM;
		n++;
		if (area->last >= last)
			return n;
		pos = area->last + 1;
	}
	return -ENOENT;
}

static void free_areas(struct iommufd_area **areas, unsigned int nareas)
{
	while (nareas--)
		iommufd_area_free(areas[nareas]);
	kvfree(areas);
}

/**
 * copy_source() - make new areas for the memory that a range maps
 * @src: address space
 * @iova: start of the range
 * @last: end of the range, inclusive
 * @prot: of the new areas
 * @areas: returns an array of areas, in no IOAS yet, that share their pages
 *
 * Return: number of areas, or an error.
 */
static int copy_source(struct iommufd_ioas *src, unsigned long iova,
		       unsigned long last, u16 prot,
		       struct iommufd_area ***areas)
{
	struct iommufd_area *area, **copies;
	unsigned int n = 0;
	int rc;

	down_read(&src->tables_lock);
	mutex_lock(&src->iova_lock);
	rc = count_source(src, iova, last, prot);
	if (rc < 0)
		goto out_unlock;
	copies = kvcalloc(rc, sizeof(*copies), GFP_KERNEL_ACCOUNT);
	if (!copies) {
		rc = -ENOMEM;
		goto out_unlock;
	}

	iommufd_for_each_area(area, src, iova, last) {
		unsigned long first = max(iova, area->iova);
		unsigned long length = min(last, area->last) - first + 1;

		copies[n] = iommufd_area_alloc(area->payer,
					       area->va + first - area->iova,
					       length, prot);
		if (!copies[n]) {
			rc = -ENOMEM;
			goto err_free;
		}
		rc = iommufd_area_share(area, copies[n++]);
		if (rc)
			goto err_free;
	}
	*areas = copies;
	rc = n;
	goto out_unlock;

err_free:
	free_areas(copies, n);
out_unlock:
	mutex_unlock(&src->iova_lock);
	up_read(&src->tables_lock);
	return rc;
}

static int map_copies(struct iommufd_ioas *dst, struct iommufd_area **areas,
		      unsigned int nareas, struct iommufd_call *call)
{
	struct iommu_ioas_copy *cmd = call->cmd;
	unsigned long iova = cmd->dst_iova;
	unsigned int filled;
	unsigned int i;
	int rc;

	down_read(&dst->tables_lock);
	rc = insert_areas(dst, areas, nareas, cmd->length, cmd->flags, &iova);
	if (rc)
		goto out_unlock;
	for (filled = 0; filled < nareas; filled++) {
		rc = iommufd_area_fill(areas[filled]);
		if (rc)
			goto err_unfill;
	}
	cmd->dst_iova = iova;
	rc = iommufd_respond(call, sizeof(*cmd));
	if (rc)
		goto err_unfill;
	for (i = 0; i < nareas; i++)
		finish_area(areas[i]);
	goto out_unlock;

err_unfill:
	while (filled--)
		iommufd_area_unfill(areas[filled]);
	for (i = 0; i < nareas; i++)
		abort_area(areas[i]);
out_unlock:
	up_read(&dst->tables_lock);
	return rc;
}

int iommufd_ioas_copy(struct iommufd_call *call)
{
	struct iommu_ioas_copy *cmd = call->cmd;
	struct iommufd_ioas *src, *dst;
	struct iommufd_area **areas;
	int nareas;
	int rc;

	rc = check_copy_ioas(cmd);
	if (rc)
		return rc;
	src = iommufd_get_ioas(call->ictx, cmd->src_ioas_id);
	if (IS_ERR(src))
		return PTR_ERR(src);
	nareas = copy_source(src, cmd->src_iova,
			     cmd->src_iova + cmd->length - 1,
			     prot_of_flags(cmd->flags), &areas);
	iommufd_object_put(call->ictx, &src->obj);
	if (nareas < 0)
		return nareas;

	dst = iommufd_get_ioas(call->ictx, cmd->dst_ioas_id);
	if (IS_ERR(dst)) {
		free_areas(areas, nareas);
		return PTR_ERR(dst);
	}
	rc = map_copies(dst, areas, nareas, call);
	if (rc)
		free_areas(areas, nareas);
	else
		kvfree(areas);
	iommufd_object_put(call->ictx, &dst->obj);
	return rc;
}

/*
 * Unmap
 */

/* Wait until an area that somebody else unmaps is gone */
static void wait_for_unmap(struct iommufd_ioas *ioas)
{
	DEFINE_WAIT(wait);

	prepare_to_wait(&ioas->area_gone, &wait, TASK_UNINTERRUPTIBLE);
	mutex_unlock(&ioas->iova_lock);
	schedule();
	finish_wait(&ioas->area_gone, &wait);
	mutex_lock(&ioas->iova_lock);
}

/**
 * check_unmap() - find out whether a range can be unmapped
 * @ioas: address space
 * @iova: first IOVA
 * @last: last IOVA, inclusive
 * @first: returns the first area to be unmapped, or NULL
 *
 * Waits for areas that are just being unmapped.
 *
 * Return: 0; -ENOENT if an area is cut.
 */
static int check_unmap(struct iommufd_ioas *ioas, unsigned long iova,
		       unsigned long last, struct iommufd_area **first)
{
	struct iommufd_area *area;

again:
	*first = NULL;
	iommufd_for_each_area(area, ioas, iova, last) {
		if (area->state == IOMMUFD_AREA_UNMAPPING) {
			wait_for_unmap(ioas);
			goto again;
		}
		if (area->state != IOMMUFD_AREA_MAPPED)
			continue;
		if (area->iova < iova || area->last > last)
			return -ENOENT;
		if (!*first)
			*first = area;
	}
	return 0;
}

/*
 * The first area in [iova, last] that can be unmapped, as a whole. Waits for
 * those that somebody else unmaps: they must be gone, too.
 */
static struct iommufd_area *next_unmap(struct iommufd_ioas *ioas,
				       unsigned long iova, unsigned long last)
{
	struct iommufd_area *area;

again:
	iommufd_for_each_area(area, ioas, iova, last) {
		if (area->state == IOMMUFD_AREA_UNMAPPING) {
			wait_for_unmap(ioas);
			goto again;
		}
		if (area->state == IOMMUFD_AREA_MAPPED && area->iova >= iova &&
		    area->last <= last)
			return area;
	}
	return NULL;
}

/**
 * unmap_range() - unmap all areas in a range
 * @ioas: address space
 * @iova: first IOVA
 * @last: last IOVA, inclusive
 * @unmapped: returns the number of bytes that were mapped
 *
 * Return: 0; -ENOENT if an area is cut; then nothing is unmapped.
 */
static int unmap_range(struct iommufd_ioas *ioas, unsigned long iova,
		       unsigned long last, unsigned long *unmapped)
{
	struct iommufd_area *area;
	int rc;

	*unmapped = 0;
	down_read(&ioas->tables_lock);
	mutex_lock(&ioas->iova_lock);
	rc = check_unmap(ioas, iova, last, &area);
	while (!rc && area) {
		area->state = IOMMUFD_AREA_UNMAPPING;
		mutex_unlock(&ioas->iova_lock);
		iommufd_area_unfill(area);
		mutex_lock(&ioas->iova_lock);
		iommufd_area_erase(area);
		/* Who waits began to with iova_lock held */
		if (waitqueue_active(&ioas->area_gone))
			wake_up_all(&ioas->area_gone);
		*unmapped += iommufd_area_length(area);
		iova = area->last;
		iommufd_area_free(area);
		if (iova == last)
			break;
		area = next_unmap(ioas, iova + 1, last);
	}
	mutex_unlock(&ioas->iova_lock);
	up_read(&ioas->tables_lock);
	return rc;
}

int iommufd_ioas_unmap(struct iommufd_call *call)
{
	struct iommu_ioas_unmap *cmd = call->cmd;
	bool all = !cmd->iova && cmd->length == U64_MAX;
	unsigned long last = ULONG_MAX;
	struct iommufd_ioas *ioas;
	unsigned long unmapped;
	int rc;

	if (!all) {
		rc = check_range(cmd->iova, cmd->length);
		if (rc)
			return rc;
		last = cmd->iova + cmd->length - 1;
	}
	ioas = iommufd_get_ioas(call->ictx, cmd->ioas_id);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	rc = unmap_range(ioas, cmd->iova, last, &unmapped);
	iommufd_object_put(call->ictx, &ioas->obj);
	if (rc)
		return rc;
	if (!unmapped && !all)
		return -ENOENT;
	cmd->length = unmapped;
	return iommufd_respond(call, sizeof(*cmd));
}

void iommufd_ioas_destroy(struct iommufd_ctx *ictx, struct iommufd_object *obj)
{
	struct iommufd_ioas *ioas = container_of(obj, struct iommufd_ioas, obj);
	unsigned long unmapped;

	WARN_ON(unmap_range(ioas, 0, ULONG_MAX, &unmapped));
	iommufd_iova_remove(&ioas->reserved, NULL);
	iommufd_iova_remove(&ioas->allowed, NULL);
}

/*
 * IOVA ranges and options
 */

int iommufd_ioas_iova_ranges(struct iommufd_call *call)
{
	struct iommu_ioas_iova_ranges *cmd = call->cmd;
	struct iommufd_ioas *ioas;
	unsigned long max_iova;
	int rc;

	if (cmd->__reserved)
		return -EOPNOTSUPP;
	ioas = iommufd_get_ioas(call->ictx, cmd->ioas_id);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	mutex_lock(&ioas->iova_lock);
	rc = iommufd_iova_emit_free(&ioas->reserved, cmd->allowed_iovas,
				    &cmd->num_iovas, &max_iova);
	cmd->out_iova_alignment = ioas->alignment;
	mutex_unlock(&ioas->iova_lock);
	iommufd_object_put(call->ictx, &ioas->obj);
	if (rc && rc != -EMSGSIZE)
		return rc;
	return iommufd_respond(call, sizeof(*cmd)) ?: rc;
}

/* Read ranges of the user into a tree */
static int read_ranges(struct rb_root_cached *root, u64 uptr, u32 num)
{
	struct iommu_iova_range __user *in = u64_to_user_ptr(uptr);
	u32 i;

	for (i = 0; i < num; i++) {
		struct iommu_iova_range range;
		int rc;

		if (copy_from_user(&range, &in[i], sizeof(range)))
			return -EFAULT;
		if (range.start > range.last)
			return -EINVAL;
		if (range.last > ULONG_MAX)
			return -EOVERFLOW;
		if (interval_tree_iter_first(root, range.start, range.last))
			return -EINVAL;
		rc = iommufd_iova_add(root, range.start, range.last, NULL);
		if (rc)
			return rc;
		cond_resched();
	}
	return 0;
}

static bool ranges_overlap(struct rb_root_cached *a, struct rb_root_cached *b)
{
	struct interval_tree_node *node;

	for (node = interval_tree_iter_first(a, 0, ULONG_MAX); node;
	     node = interval_tree_iter_next(node, 0, ULONG_MAX))
		if (interval_tree_iter_first(b, node->start, node->last))
			return true;
	return false;
}

int iommufd_ioas_allow_iovas(struct iommufd_call *call)
{
	struct iommu_ioas_allow_iovas *cmd = call->cmd;
	struct rb_root_cached allowed = RB_ROOT_CACHED;
	struct iommufd_ioas *ioas;
	int rc;

	if (cmd->__reserved)
		return -EOPNOTSUPP;
	ioas = iommufd_get_ioas(call->ictx, cmd->ioas_id);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	rc = read_ranges(&allowed, cmd->allowed_iovas, cmd->num_iovas);
	if (rc)
		goto out_free;

	mutex_lock(&ioas->iova_lock);
	if (ranges_overlap(&allowed, &ioas->reserved))
		rc = -EADDRINUSE;
	else
		swap(ioas->allowed, allowed);
	mutex_unlock(&ioas->iova_lock);
out_free:
	iommufd_iova_remove(&allowed, NULL);
	iommufd_object_put(call->ictx, &ioas->obj);
	return rc;
}

static int option_rlimit_mode(struct iommufd_call *call)
{
	struct iommu_option *cmd = call->cmd;
	struct iommufd_ctx *ictx = call->ictx;
	int rc = 0;

	if (cmd->object_id)
		return -EOPNOTSUPP;
	if (cmd->op == IOMMU_OPTION_OP_GET) {
		cmd->val64 = ictx->rlimit_mode;
		return 0;
	}
	if (!capable(CAP_SYS_RESOURCE))
		return -EPERM;
	if (cmd->val64 > 1)
		return -EINVAL;
	xa_lock(&ictx->objects);
	if (xa_empty(&ictx->objects))
		ictx->rlimit_mode = cmd->val64;
	else
		rc = -EBUSY;
	xa_unlock(&ictx->objects);
	return rc;
}

static int option_huge_pages(struct iommufd_call *call)
{
	struct iommu_option *cmd = call->cmd;
	struct iommufd_ioas *ioas;
	int rc = 0;

	ioas = iommufd_get_ioas(call->ictx, cmd->object_id);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	down_write(&ioas->tables_lock);
	if (cmd->op == IOMMU_OPTION_OP_GET)
		cmd->val64 = ioas->huge_pages;
	else if (cmd->val64 > 1)
		rc = -EINVAL;
	else
		rc = iommufd_ioas_set_huge_pages(ioas, cmd->val64);
	up_write(&ioas->tables_lock);
	iommufd_object_put(call->ictx, &ioas->obj);
	return rc;
}

int iommufd_option(struct iommufd_call *call)
{
	struct iommu_option *cmd = call->cmd;
	int rc;

	if (cmd->__reserved)
		return -EOPNOTSUPP;
	if (cmd->op != IOMMU_OPTION_OP_GET && cmd->op != IOMMU_OPTION_OP_SET)
		return -EOPNOTSUPP;
	switch (cmd->option_id) {
	case IOMMU_OPTION_RLIMIT_MODE:
		rc = option_rlimit_mode(call);
		break;
	case IOMMU_OPTION_HUGE_PAGES:
		rc = option_huge_pages(call);
		break;
	default:
		return -EOPNOTSUPP;
	}
	if (rc)
		return rc;
	return iommufd_respond(call, sizeof(*cmd));
}
