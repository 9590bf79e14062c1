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
 * of tables changes under tables_lock held for writing: then every area has its
 * memory in the tables, and the tree can be walked without iova_lock. An area
 * that waits for users inside the kernel to let go is UNMAPPING then, and still
 * has all of its memory.
 */
#define pr_fmt(fmt) "iommufd: " fmt

#include <linux/capability.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "nesting.h"
#include "trace.h"

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
	init_rwsem(&ioas->accesses_lock);
	xa_init_flags(&ioas->accesses, XA_FLAGS_ACCOUNT);
	mutex_init(&ioas->mmio_lock);
	mutex_init(&ioas->iova_lock);
	ioas->areas = RB_ROOT;
	init_waitqueue_head(&ioas->area_gone);
	ioas->reserved = RB_ROOT_CACHED;
	ioas->allowed = RB_ROOT_CACHED;
	ioas->alignment = 1;
	ioas->first_free[0] = 1;
	ioas->first_free[1] = 1;
	ioas->huge_pages = true;
	init_rwsem(&ioas->nest_lock);
	INIT_LIST_HEAD(&ioas->children);
	ioas->derived = RB_ROOT_CACHED;
}

/* An IOAS that is not published yet, or an ERR_PTR */
struct iommufd_ioas *iommufd_ioas_alloc(struct iommufd_ctx *ictx)
{
	struct iommufd_ioas *ioas;

	ioas = iommufd_object_alloc(ictx, ioas, IOMMUFD_OBJ_IOAS);
	if (!IS_ERR(ioas))
		iommufd_ioas_init(ioas, ictx);
	return ioas;
}

int iommufd_ioas_alloc_ioctl(struct iommufd_call *call)
{
	struct iommu_ioas_alloc *cmd = call->cmd;
	struct iommufd_ioas *ioas;
	int rc;

	if (cmd->flags)
		return -EOPNOTSUPP;
	ioas = iommufd_ioas_alloc(call->ictx);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);

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

	if (iommufd_area_is_mmio(area)) {
		iommufd_mmio_erase(area);
		return;
	}
	mutex_lock(&ioas->iova_lock);
	iommufd_area_erase(area);
	mutex_unlock(&ioas->iova_lock);
}

static void finish_areas(struct iommufd_ioas *ioas, struct iommufd_area **areas,
			 unsigned int nareas)
{
	unsigned int i;

	mutex_lock(&ioas->iova_lock);
	for (i = 0; i < nareas; i++) {
		areas[i]->state = IOMMUFD_AREA_MAPPED;
		ioas->mapped += iommufd_area_length(areas[i]);
		trace_iommufd_map(areas[i]);
	}
	mutex_unlock(&ioas->iova_lock);
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
int iommufd_check_range(u64 start, u64 length)
{
	u64 last;

	if (!length)
		return -EINVAL;
	if (length > ULONG_MAX || check_add_overflow(start, length - 1, &last) ||
	    last > ULONG_MAX)
		return -EOVERFLOW;
	return 0;
}

/* The rules that type1 has in addition, in its order */
static int check_limited(struct iommufd_ioas *ioas, unsigned long iova,
			 unsigned long length)
{
	lockdep_assert_held(&ioas->iova_lock);
	if (iommufd_area_first(ioas, iova, iova + length - 1))
		return -EEXIST;
	if (ioas->num_areas >= READ_ONCE(ioas->ictx->vfio.map_limit))
		return -ENOSPC;
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
		if ((areas[i]->pos | iommufd_area_length(areas[i])) &
		    (ioas->alignment - 1))
			goto out_unlock;
	rc = 0;
	if (flags & IOMMUFD_MAP_LIMITED)
		rc = check_limited(ioas, *iova, length);
	if (rc)
		goto out_unlock;
	if (flags & IOMMU_IOAS_MAP_FIXED_IOVA)
		rc = iommufd_ioas_check_iova(ioas, *iova, length);
	else
		rc = iommufd_ioas_alloc_iova(ioas, iova, areas[0]->pos, length);
	if (rc)
		goto out_unlock;

	pos = *iova;
	for (i = 0; i < nareas; i++) {
		rc = iommufd_area_insert(areas[i], ioas, pos);
		if (rc)
			goto err_erase;
		pos = areas[i]->last + 1;
	}
	mutex_unlock(&ioas->iova_lock);
	return 0;

err_erase:
	while (i--)
		iommufd_area_erase(areas[i]);
out_unlock:
	mutex_unlock(&ioas->iova_lock);
	return rc;
}

/* Put areas into an IOAS and map them, and tell user space where they are */
static int map_areas(struct iommufd_ioas *ioas, struct iommufd_area **areas,
		     unsigned int nareas, unsigned long length, u32 flags,
		     unsigned long iova, u64 __user *out_iova)
{
	unsigned int filled;
	unsigned int i;
	int rc;

	down_read(&ioas->tables_lock);
	rc = insert_areas(ioas, areas, nareas, length, flags, &iova);
	if (rc)
		goto out_unlock;
	for (filled = 0; filled < nareas; filled++) {
		rc = iommufd_area_fill(areas[filled]);
		if (rc)
			goto err_unfill;
	}
	rc = out_iova ? put_user(iova, out_iova) : 0;
	if (rc)
		goto err_unfill;
	finish_areas(ioas, areas, nareas);
	goto out_unlock;

err_unfill:
	while (filled--)
		iommufd_area_unfill(areas[filled]);
	for (i = 0; i < nareas; i++)
		abort_area(areas[i]);
out_unlock:
	up_read(&ioas->tables_lock);
	return rc;
}

/**
 * iommufd_ioas_check_map() - check what the caller wants to map
 * @flags: of map
 * @pos: where in the source
 * @length: bytes
 * @iova: where in the IOAS, if @flags say that it is fixed
 *
 * Return: 0 or an error as of IOMMU_IOAS_MAP.
 */
int iommufd_ioas_check_map(u32 flags, u64 pos, u64 length, u64 iova)
{
	int rc;

	rc = check_map_flags(flags);
	if (rc)
		return rc;
	rc = iommufd_check_range(pos, length);
	if (rc)
		return rc;
	if (flags & IOMMU_IOAS_MAP_FIXED_IOVA)
		return iommufd_check_range(iova, length);
	return 0;
}

/**
 * iommufd_ioas_map_source() - map a range of a source
 * @ictx: context
 * @ioas_id: where
 * @source: what; or an ERR_PTR, which is returned
 * @pos: where in @source
 * @length: bytes
 * @flags: of map
 * @iova: where in the IOAS; chosen here if it is not fixed
 * @out_iova: told where it is, or NULL
 *
 * Consumes the reference to @source.
 *
 * Return: 0 or an error as of IOMMU_IOAS_MAP.
 */
int iommufd_ioas_map_source(struct iommufd_ctx *ictx, u32 ioas_id,
			    struct iommufd_source *source, u64 pos, u64 length,
			    u32 flags, u64 iova, u64 __user *out_iova)
{
	struct iommufd_area *area;
	struct iommufd_ioas *ioas;
	int rc;

	if (IS_ERR(source))
		return PTR_ERR(source);
	ioas = iommufd_get_ioas(ictx, ioas_id);
	if (IS_ERR(ioas)) {
		iommufd_source_put(source);
		return PTR_ERR(ioas);
	}
	if (source->ops->check && !READ_ONCE(ioas->storage)) {
		rc = source->ops->check(source, pos);
		if (rc) {
			iommufd_source_put(source);
			goto out_ioas;
		}
	}
	area = iommufd_area_alloc(source, pos, length, prot_of_flags(flags));
	if (!area) {
		rc = -ENOMEM;
		goto out_ioas;
	}
	rc = list_empty(&ictx->memories) ? 0 : iommufd_memory_join(area);
	if (!rc)
		rc = map_areas(ioas, &area, 1, length, flags, iova, out_iova);
	if (rc)
		iommufd_area_free(area);
out_ioas:
	iommufd_object_put(ictx, &ioas->obj);
	return rc;
}

/**
 * iommufd_ioas_map_user() - map what the current process has at an address
 * @ictx: context
 * @ioas_id: where
 * @user_va: what: memory, or a BAR of a device
 * @length: bytes
 * @flags: of map
 * @iova: where in the IOAS; chosen here if it is not fixed
 * @out_iova: told where it is, or NULL
 *
 * Return: 0 or an error as of IOMMU_IOAS_MAP.
 */
int iommufd_ioas_map_user(struct iommufd_ctx *ictx, u32 ioas_id, u64 user_va,
			  u64 length, u32 flags, u64 iova,
			  u64 __user *out_iova)
{
	int rc;

	user_va = untagged_addr(user_va);
	rc = iommufd_ioas_map_source(ictx, ioas_id,
				     iommufd_source_get_current(ictx), user_va,
				     length, flags, iova, out_iova);
	if (rc != -EFAULT)
		return rc;
	return iommufd_ioas_map_mmio(ictx, ioas_id, user_va, length, flags,
				     iova, out_iova);
}

int iommufd_ioas_map(struct iommufd_call *call)
{
	struct iommu_ioas_map __user *ucmd = call->ubuffer;
	struct iommu_ioas_map *cmd = call->cmd;
	int rc;

	if (cmd->__reserved)
		return -EOPNOTSUPP;
	rc = iommufd_ioas_check_map(cmd->flags, cmd->user_va, cmd->length,
				    cmd->iova);
	if (rc)
		return rc;
	return iommufd_ioas_map_user(call->ictx, cmd->ioas_id, cmd->user_va,
				     cmd->length, cmd->flags, cmd->iova,
				     &ucmd->iova);
}

/* Count the areas that [iova, last] consists of, without gaps */
static int count_source(struct iommufd_ioas *ioas, unsigned long iova,
			unsigned long last, u16 prot)
{
	unsigned long pos = iova;
	struct iommufd_area *area;
	int n = 0;

	lockdep_assert_held(&ioas->iova_lock);
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
 * @dst: where the new areas will be
 * @iova: start of the range
 * @last: end of the range, inclusive
 * @prot: of the new areas
 * @areas: returns an array of areas, in no IOAS yet, that share their pages
 *
 * Return: number of areas, or an error.
 */
static int copy_source(struct iommufd_ioas *src, struct iommufd_ioas *dst,
		       unsigned long iova, unsigned long last, u16 prot,
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

		copies[n] = iommufd_area_alloc_copy(dst, area, first, length,
						    prot);
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

int iommufd_ioas_copy(struct iommufd_call *call)
{
	struct iommu_ioas_copy __user *ucmd = call->ubuffer;
	struct iommu_ioas_copy *cmd = call->cmd;
	struct iommufd_ioas *src, *dst;
	struct iommufd_area **areas;
	int nareas;
	int rc;

	rc = iommufd_ioas_check_map(cmd->flags, cmd->src_iova, cmd->length,
				    cmd->dst_iova);
	if (rc)
		return rc;
	src = iommufd_get_ioas(call->ictx, cmd->src_ioas_id);
	if (IS_ERR(src))
		return PTR_ERR(src);
	dst = iommufd_get_ioas(call->ictx, cmd->dst_ioas_id);
	if (IS_ERR(dst)) {
		rc = PTR_ERR(dst);
		goto out_put_src;
	}
	rc = iommufd_ioas_lock_copy(src, dst);
	if (rc)
		goto out_put_dst;
	nareas = copy_source(src, dst, cmd->src_iova,
			     cmd->src_iova + cmd->length - 1,
			     prot_of_flags(cmd->flags), &areas);
	if (nareas < 0) {
		rc = nareas;
		goto out_unlock;
	}
	rc = map_areas(dst, areas, nareas, cmd->length, cmd->flags,
		       cmd->dst_iova, &ucmd->dst_iova);
	if (rc)
		free_areas(areas, nareas);
	else
		kvfree(areas);
out_unlock:
	iommufd_ioas_unlock_copy(dst);
out_put_dst:
	iommufd_object_put(call->ictx, &dst->obj);
out_put_src:
	iommufd_object_put(call->ictx, &src->obj);
	return rc;
}

/*
 * Unmap
 */

/*
 * Wait until an area that somebody else unmaps is gone; who may need both locks
 * again for that. What was found with the locks held has to be found anew.
 */
static void wait_for_unmap(struct iommufd_ioas *ioas)
{
	DEFINE_WAIT(wait);

	prepare_to_wait(&ioas->area_gone, &wait, TASK_UNINTERRUPTIBLE);
	mutex_unlock(&ioas->iova_lock);
	up_read(&ioas->tables_lock);
	schedule();
	finish_wait(&ioas->area_gone, &wait);
	down_read(&ioas->tables_lock);
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

	lockdep_assert_held_read(&ioas->tables_lock);
	lockdep_assert_held(&ioas->iova_lock);
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
		if (area->last == last)
			break;
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

	lockdep_assert_held_read(&ioas->tables_lock);
	lockdep_assert_held(&ioas->iova_lock);
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

/*
 * Before an area in state UNMAPPING goes, users inside the kernel must let go of
 * its memory. They are told without any lock that they may need. One who was
 * about to pin when he was told is told again.
 */
static void wait_for_users(struct iommufd_area *area)
{
	struct iommufd_ioas *ioas = area->ioas;
	unsigned long warn = jiffies + 10 * HZ;

	lockdep_assert_held(&ioas->iova_lock);
	while (area->holder && area->holder->users) {
		mutex_unlock(&ioas->iova_lock);
		up_read(&ioas->tables_lock);
		iommufd_ioas_notify_unmap(ioas, area->iova,
					  iommufd_area_length(area));
		wait_event_timeout(ioas->area_gone,
				   !READ_ONCE(area->holder->users), HZ / 10);
		/* Its memory may come from a process that takes its time */
		if (READ_ONCE(area->holder->users) &&
		    time_after(jiffies, warn))
			pr_warn_once("a user inside the kernel keeps pages that are unmapped\n");
		down_read(&ioas->tables_lock);
		mutex_lock(&ioas->iova_lock);
	}
}

/*
 * Lock an IOAS to unmap areas of it. Returns whether nest_lock is held, too: there
 * may be children. If there are none, a change is seen by has_new_children().
 */
static bool lock_unmap(struct iommufd_ioas *ioas)
{
	bool nest = !list_empty_careful(&ioas->children);

	if (nest)
		down_write_nested(&ioas->nest_lock, ioas->depth);
	down_read(&ioas->tables_lock);
	mutex_lock(&ioas->iova_lock);
	return nest;
}

static void unlock_unmap(struct iommufd_ioas *ioas, bool nest)
{
	mutex_unlock(&ioas->iova_lock);
	up_read(&ioas->tables_lock);
	if (nest)
		up_write(&ioas->nest_lock);
}

/* Children that nobody reckoned with when the IOAS was locked */
static bool has_new_children(struct iommufd_ioas *ioas, bool nest)
{
	lockdep_assert_held(&ioas->iova_lock);
	return !nest && !list_empty(&ioas->children);
}

/* Unmap an area, first from all who copied it; lets iova_lock go meanwhile */
static void unmap_area(struct iommufd_area *area, bool nest)
{
	struct iommufd_ioas *ioas = area->ioas;

	lockdep_assert_held_read(&ioas->tables_lock);
	lockdep_assert_held(&ioas->iova_lock);
	area->state = IOMMUFD_AREA_UNMAPPING;
	ioas->mapped -= iommufd_area_length(area);
	if (nest) {
		mutex_unlock(&ioas->iova_lock);
		up_read(&ioas->tables_lock);
		iommufd_ioas_lose(ioas, area->iova, area->last);
		down_read(&ioas->tables_lock);
		mutex_lock(&ioas->iova_lock);
	}
	wait_for_users(area);
	mutex_unlock(&ioas->iova_lock);
	iommufd_area_unfill(area);
	mutex_lock(&ioas->iova_lock);
	iommufd_area_erase(area);
	/* Who waits began to with iova_lock held */
	if (waitqueue_active(&ioas->area_gone))
		wake_up_all(&ioas->area_gone);
	trace_iommufd_unmap(area);
	iommufd_area_free(area);
}

/**
 * iommufd_ioas_unmap_derived() - unmap what a child has of its parent
 * @child: the child; nest_lock of the parent is held for writing, so that it gets
 *         nothing more
 * @iova: first IOVA of the parent
 * @last: last one, inclusive
 */
void iommufd_ioas_unmap_derived(struct iommufd_ioas *child, unsigned long iova,
				unsigned long last)
{
	struct iommufd_area *area;
	bool nest;

	do {
		nest = lock_unmap(child);
		while ((area = iommufd_ioas_next_derived(child, iova, last)) &&
		       !has_new_children(child, nest)) {
			/* Somebody else unmaps it from the child itself */
			if (area->state == IOMMUFD_AREA_UNMAPPING)
				wait_for_unmap(child);
			else
				unmap_area(area, nest);
		}
		unlock_unmap(child, nest);
	} while (area);
}

/**
 * iommufd_ioas_unmap_range() - unmap all areas in a range
 * @ioas: address space
 * @iova: first IOVA
 * @last: last IOVA, inclusive
 * @unmapped: returns the number of bytes that were mapped
 *
 * Return: 0; -ENOENT if an area is cut; then nothing is unmapped.
 */
int iommufd_ioas_unmap_range(struct iommufd_ioas *ioas, unsigned long iova,
			     unsigned long last, unsigned long *unmapped)
{
	struct iommufd_area *area;
	bool nest;
	int rc;

	*unmapped = 0;
	nest = lock_unmap(ioas);
	rc = check_unmap(ioas, iova, last, &area);
	while (!rc && area) {
		if (has_new_children(ioas, nest)) {
			unlock_unmap(ioas, nest);
			nest = lock_unmap(ioas);
			area = next_unmap(ioas, iova, last);
			continue;
		}
		*unmapped += iommufd_area_length(area);
		iova = area->last;
		unmap_area(area, nest);
		if (iova == last)
			break;
		area = next_unmap(ioas, ++iova, last);
	}
	unlock_unmap(ioas, nest);
	return rc;
}

int iommufd_ioas_unmap(struct iommufd_call *call)
{
	struct iommu_ioas_unmap __user *ucmd = call->ubuffer;
	struct iommu_ioas_unmap *cmd = call->cmd;
	bool all = !cmd->iova && cmd->length == U64_MAX;
	unsigned long last = ULONG_MAX;
	struct iommufd_ioas *ioas;
	unsigned long unmapped;
	int rc;

	if (!all) {
		rc = iommufd_check_range(cmd->iova, cmd->length);
		if (rc)
			return rc;
		last = cmd->iova + cmd->length - 1;
	}
	ioas = iommufd_get_ioas(call->ictx, cmd->ioas_id);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	rc = iommufd_ioas_unmap_range(ioas, cmd->iova, last, &unmapped);
	iommufd_object_put(call->ictx, &ioas->obj);
	if (rc)
		return rc;
	if (!unmapped && !all)
		return -ENOENT;
	return put_user(unmapped, &ucmd->length);
}

void iommufd_ioas_destroy(struct iommufd_ctx *ictx, struct iommufd_object *obj)
{
	struct iommufd_ioas *ioas = container_of(obj, struct iommufd_ioas, obj);
	unsigned long unmapped;

	iommufd_vfio_forget_ioas(ioas);
	WARN_ON(iommufd_ioas_unmap_range(ioas, 0, ULONG_MAX, &unmapped));
	if (ioas->parent)
		iommufd_ioas_remove_child(ioas);
	iommufd_iova_remove(&ioas->reserved, NULL);
	iommufd_iova_remove(&ioas->allowed, NULL);
}

/*
 * IOVA ranges and options
 */

/* What is reserved now, to be looked at without a lock */
static int copy_reserved(struct iommufd_ioas *ioas, struct rb_root_cached *copy,
			 u64 *alignment)
{
	struct interval_tree_node *node;
	int rc = 0;

	mutex_lock(&ioas->iova_lock);
	for (node = interval_tree_iter_first(&ioas->reserved, 0, ULONG_MAX);
	     node && !rc; node = interval_tree_iter_next(node, 0, ULONG_MAX))
		rc = iommufd_iova_add(copy, node->start, node->last, NULL);
	*alignment = ioas->alignment;
	mutex_unlock(&ioas->iova_lock);
	return rc;
}

int iommufd_ioas_iova_ranges(struct iommufd_call *call)
{
	struct iommu_ioas_iova_ranges *cmd = call->cmd;
	struct rb_root_cached reserved = RB_ROOT_CACHED;
	struct iommufd_ioas *ioas;
	unsigned long max_iova;
	int rc;

	if (cmd->__reserved)
		return -EOPNOTSUPP;
	ioas = iommufd_get_ioas(call->ictx, cmd->ioas_id);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	rc = copy_reserved(ioas, &reserved, &cmd->out_iova_alignment);
	iommufd_object_put(call->ictx, &ioas->obj);
	if (!rc)
		rc = iommufd_iova_emit_free(&reserved, cmd->allowed_iovas,
					    &cmd->num_iovas, &max_iova);
	iommufd_iova_remove(&reserved, NULL);
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
	if (xa_empty(&ictx->objects)) {
		ictx->rlimit_mode = cmd->val64;
		ictx->free_mode = false;
	} else {
		rc = -EBUSY;
	}
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
	/* There is nothing to tell of what was set */
	if (rc || cmd->op == IOMMU_OPTION_OP_SET)
		return rc;
	return iommufd_respond(call, sizeof(*cmd));
}
