// SPDX-License-Identifier: GPL-2.0-only
/*
 * Objects: everything in an IOMMU fd that has an ID.
 *
 * An object is in the xarray of its context under its ID. Two counts keep it
 * alive, in two ways:
 *
 *  refs	An ioctl that looked the object up may use it until it puts it
 *		back. Destruction takes the ID away, so that nobody finds the
 *		object any more, and waits for such ioctls.
 *  users	Another object depends on it, for longer than an ioctl. Then
 *		destruction is refused with EBUSY. Users come and go under the
 *		xa_lock, and none can come once destruction has begun.
 *
 * An ID is reserved when the object is allocated, and found from publish on,
 * when nothing can fail any more. Nobody may wait for a lock that a destroyer
 * holds while he holds a reference; therefore destruction is called without
 * any lock.
 *
 * When the descriptor is closed no ioctl runs and no references are left: all
 * objects are destroyed, users first.
 */
#include <linux/slab.h>
#include <linux/wait.h>

#include "iommufd_private.h"

const struct iommufd_object_ops iommufd_object_ops[IOMMUFD_OBJ_MAX] = {
	[IOMMUFD_OBJ_ACCESS] = {
		.name = "access",
		.destroy = iommufd_access_destroy_object,
		.kernel_owned = true,
	},
	[IOMMUFD_OBJ_DEVICE] = {
		.name = "device",
		.destroy = iommufd_device_destroy,
		.kernel_owned = true,
	},
	[IOMMUFD_OBJ_FAULT_QUEUE] = {
		.name = "fault-queue",
		.destroy = iommufd_fault_queue_destroy,
	},
	[IOMMUFD_OBJ_HWPT] = {
		.name = "hwpt",
		.destroy = iommufd_hwpt_destroy,
	},
	[IOMMUFD_OBJ_HWPT_NESTED] = {
		.name = "hwpt-nested",
		.destroy = iommufd_nested_destroy,
	},
	[IOMMUFD_OBJ_IOAS] = {
		.name = "ioas",
		.destroy = iommufd_ioas_destroy,
	},
	[IOMMUFD_OBJ_MEMORY] = {
		.name = "memory",
		.destroy = iommufd_memory_destroy,
	},
#ifdef CONFIG_IOMMUFD_TEST
	[IOMMUFD_OBJ_SELFTEST] = {
		.name = "selftest",
		.destroy = iommufd_test_destroy,
	},
#endif
	[IOMMUFD_OBJ_VDEVICE] = {
		.name = "vdevice",
		.destroy = iommufd_vdevice_destroy,
	},
	[IOMMUFD_OBJ_VEVENTQ] = {
		.name = "veventq",
		.destroy = iommufd_veventq_destroy,
	},
	[IOMMUFD_OBJ_VIOMMU] = {
		.name = "viommu",
		.destroy = iommufd_viommu_destroy,
	},
};

void *__iommufd_object_alloc(struct iommufd_ctx *ictx, size_t size,
			     enum iommufd_object_type type)
{
	struct iommufd_object *obj;
	int rc;

	obj = kzalloc(size, GFP_KERNEL_ACCOUNT);
	if (!obj)
		return ERR_PTR(-ENOMEM);
	obj->type = type;
	refcount_set(&obj->refs, 1);

	/* An entry of NULL has its ID, and is not found */
	rc = xa_alloc(&ictx->objects, &obj->id, NULL, xa_limit_31b,
		      GFP_KERNEL_ACCOUNT);
	if (rc) {
		kfree(obj);
		return ERR_PTR(rc == -EBUSY ? -ENOSPC : rc);
	}
	return obj;
}

void iommufd_object_publish(struct iommufd_ctx *ictx,
			    struct iommufd_object *obj)
{
	void *old = xa_store(&ictx->objects, obj->id, obj, GFP_KERNEL);

	/* The reserved entry has the memory already */
	WARN_ON(old);
}

/* Free an object that was not published, after undoing what was done to it */
void iommufd_object_abort(struct iommufd_ctx *ictx, struct iommufd_object *obj)
{
	xa_erase(&ictx->objects, obj->id);
	kfree(obj);
}

struct iommufd_object *iommufd_object_get(struct iommufd_ctx *ictx, u32 id,
					  enum iommufd_object_type type)
{
	struct iommufd_object *obj;

	xa_lock(&ictx->objects);
	obj = xa_load(&ictx->objects, id);
	if (!obj || (type != IOMMUFD_OBJ_ANY && obj->type != type))
		obj = ERR_PTR(-ENOENT);
	else
		refcount_inc(&obj->refs);
	xa_unlock(&ictx->objects);
	return obj;
}

/**
 * iommufd_object_get_alive() - get a reference to an object that is known
 * @ictx: context
 * @obj: the object, which the caller keeps from being freed for the moment
 *
 * Return: false if somebody destroys it, who may not wait for references any more.
 */
bool iommufd_object_get_alive(struct iommufd_ctx *ictx,
			      struct iommufd_object *obj)
{
	bool alive;

	xa_lock(&ictx->objects);
	alive = !obj->dying;
	if (alive)
		refcount_inc(&obj->refs);
	xa_unlock(&ictx->objects);
	return alive;
}

/**
 * iommufd_object_next() - walk through all objects of a kind
 * @ictx: context
 * @type: the kind, or IOMMUFD_OBJ_ANY
 * @id: returns the ID of the object: the lowest one above what it is now
 *
 * Return: the object with a reference, or NULL if there is none.
 */
struct iommufd_object *iommufd_object_next(struct iommufd_ctx *ictx,
					   enum iommufd_object_type type,
					   u32 *id)
{
	struct iommufd_object *obj;
	unsigned long index;

	xa_lock(&ictx->objects);
	xa_for_each_start(&ictx->objects, index, obj, *id + 1UL) {
		if (type != IOMMUFD_OBJ_ANY && obj->type != type)
			continue;
		refcount_inc(&obj->refs);
		*id = index;
		break;
	}
	xa_unlock(&ictx->objects);
	return obj;
}

void iommufd_object_put(struct iommufd_ctx *ictx, struct iommufd_object *obj)
{
	/* The destroyer may free it as soon as the count is down */
	WARN_ON(refcount_dec_and_test(&obj->refs));
	if (wq_has_sleeper(&ictx->object_gone))
		wake_up_all(&ictx->object_gone);
}

/* Keep @obj from being destroyed by user space; the caller has a reference */
int iommufd_object_use(struct iommufd_ctx *ictx, struct iommufd_object *obj)
{
	int rc = 0;

	xa_lock(&ictx->objects);
	if (obj->dying)
		rc = -ENOENT;
	else
		obj->users++;
	xa_unlock(&ictx->objects);
	return rc;
}

void iommufd_object_unuse(struct iommufd_ctx *ictx, struct iommufd_object *obj)
{
	xa_lock(&ictx->objects);
	if (!WARN_ON(!obj->users))
		obj->users--;
	xa_unlock(&ictx->objects);
}

static int destroy(struct iommufd_ctx *ictx, struct iommufd_object *obj,
		   bool keep_id)
{
	int rc = 0;

	xa_lock(&ictx->objects);
	if (obj->dying)
		rc = -ENOENT;
	else if (obj->users)
		rc = -EBUSY;
	if (!rc) {
		obj->dying = true;
		/* The entry is there, so that this needs no memory */
		if (keep_id)
			__xa_store(&ictx->objects, obj->id, XA_ZERO_ENTRY, 0);
		else
			__xa_erase(&ictx->objects, obj->id);
	}
	xa_unlock(&ictx->objects);

	iommufd_object_put(ictx, obj);
	if (rc)
		return rc;

	wait_event(ictx->object_gone, refcount_read(&obj->refs) == 1);
	iommufd_object_ops[obj->type].destroy(ictx, obj);
	kfree(obj);
	return 0;
}

/**
 * iommufd_object_destroy() - destroy an object
 * @ictx: context
 * @obj: object, with a reference that this call consumes
 *
 * Called without locks.
 *
 * Return: 0; -EBUSY with users; -ENOENT if somebody else destroys it.
 */
int iommufd_object_destroy(struct iommufd_ctx *ictx, struct iommufd_object *obj)
{
	return destroy(ictx, obj, false);
}

/**
 * iommufd_object_bury() - destroy an object that user space thinks it has
 * @ictx: context
 * @obj: object, with a reference that this call consumes
 *
 * As iommufd_object_destroy(), but nothing else gets the ID: user space, who has
 * not destroyed the object, cannot destroy another one by it.
 *
 * Return: 0; -EBUSY with users; -ENOENT if somebody else destroys it.
 */
int iommufd_object_bury(struct iommufd_ctx *ictx, struct iommufd_object *obj)
{
	return destroy(ictx, obj, true);
}

/* The descriptor is closed: nobody else has the context */
void iommufd_object_destroy_all(struct iommufd_ctx *ictx)
{
	struct iommufd_object *obj;
	unsigned long id;
	bool progress;

	do {
		progress = false;
		xa_for_each(&ictx->objects, id, obj) {
			refcount_inc(&obj->refs);
			if (!iommufd_object_destroy(ictx, obj))
				progress = true;
		}
	} while (progress);
	/* IDs of what was buried may be left */
	id = 0;
	WARN_ON(xa_find(&ictx->objects, &id, ULONG_MAX, XA_PRESENT));
	xa_destroy(&ictx->objects);
}

int iommufd_destroy(struct iommufd_call *call)
{
	struct iommu_destroy *cmd = call->cmd;
	struct iommufd_object *obj;

	obj = iommufd_object_get(call->ictx, cmd->id, IOMMUFD_OBJ_ANY);
	if (IS_ERR(obj))
		return PTR_ERR(obj);
	if (iommufd_object_ops[obj->type].kernel_owned) {
		iommufd_object_put(call->ictx, obj);
		return -EBUSY;
	}
	return iommufd_object_destroy(call->ictx, obj);
}
