// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queues of events of a vIOMMU, which user space reads from a descriptor.
 *
 * The driver reports an event at any time, also when it cannot sleep. It goes into
 * the queue of its type, with a sequence number; or is lost, if nobody has made
 * the queue, or it is full. What is lost has a number, too, so that the reader sees
 * a gap; and if nothing came after it, the reader is told so. The queue is a ring
 * that is there from the beginning, and paid for by who made it.
 *
 * viommu->queues_lock protects the list of queues, queue->lock the events; both
 * are taken with interrupts off, in this order. read_lock lets one reader at a time
 * take events out: the first one stays where it is until it has been copied. The
 * descriptor is a user of the queue, and holds the context.
 */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/poll.h>
#include <linux/slab.h>

#include "nesting.h"

#define DEPTH_MAX BIT(19)

/**
 * struct vevent - an event, as user space gets it
 * @header: flags and sequence number
 * @data: of the driver, queue->event_len bytes
 */
struct vevent {
	struct iommufd_vevent_header header;
	u8 data[];
};

/**
 * struct iommufd_veventq - a queue
 * @obj: object
 * @viommu: whose events; this is a user
 * @entry: in the queues of @viommu
 * @type: of the events
 * @event_len: bytes of what the driver tells
 * @depth: how many there can be
 * @wait: woken when there are new ones
 * @read_lock: held to read
 * @lock: protects the rest
 * @events: ring of @depth struct vevent
 * @first: index of the oldest one
 * @num_events: how many there are
 * @sequence: number of the next one
 * @lost: what is to be told after all others, if its flags say that events were lost
 */
struct iommufd_veventq {
	struct iommufd_object obj;
	struct iommufd_viommu *viommu;
	struct list_head entry;
	u32 type;
	u32 event_len;
	u32 depth;
	wait_queue_head_t wait;
	struct mutex read_lock;
	spinlock_t lock;
	void *events;
	u32 first;
	u32 num_events;
	u32 sequence;
	struct iommufd_vevent_header lost;
};

static size_t event_size(const struct iommufd_veventq *queue)
{
	return sizeof(struct vevent) + queue->event_len;
}

/* The event in the ring that comes after @n others */
static struct vevent *event_at(struct iommufd_veventq *queue, u32 n)
{
	return queue->events +
	       (queue->first + n) % queue->depth * event_size(queue);
}

/*
 * Reporting
 */

static struct iommufd_veventq *find_queue(struct iommufd_viommu *viommu,
					  u32 type)
{
	struct iommufd_veventq *queue;

	lockdep_assert_held(&viommu->queues_lock);
	list_for_each_entry(queue, &viommu->queues, entry)
		if (queue->type == type)
			return queue;
	return NULL;
}

/* @data may be NULL: then it was lost */
static void add_event(struct iommufd_veventq *queue, const void *data)
{
	struct vevent *event;

	spin_lock(&queue->lock);
	/* That something was lost is seen by what follows */
	queue->lost.flags = 0;
	if (data && queue->num_events < queue->depth) {
		event = event_at(queue, queue->num_events++);
		event->header.flags = 0;
		event->header.sequence = queue->sequence;
		memcpy(event->data, data, queue->event_len);
	} else {
		queue->lost.flags = IOMMU_VEVENTQ_FLAG_LOST_EVENTS;
		queue->lost.sequence = queue->sequence;
	}
	queue->sequence = (queue->sequence + 1) & INT_MAX;
	spin_unlock(&queue->lock);
	wake_up_all(&queue->wait);
}

int iommufd_veventq_report(struct iommu_viommu *viommu, u32 type,
			   const void *data, size_t len)
{
	struct iommufd_viommu *owner = viommu->owner;
	struct iommufd_veventq *queue;
	unsigned long flags;

	spin_lock_irqsave(&owner->queues_lock, flags);
	queue = find_queue(owner, type);
	if (queue && !WARN_ON_ONCE(data && len != queue->event_len))
		add_event(queue, data);
	spin_unlock_irqrestore(&owner->queues_lock, flags);
	return queue ? 0 : -EOPNOTSUPP;
}

/*
 * Reading
 */

/*
 * The first event, or else that some were lost, which @lost then holds. Returns the
 * number of bytes to be read, or 0: there is nothing, or no @room for it.
 */
static size_t peek_event(struct iommufd_veventq *queue, size_t room,
			 const void **event,
			 struct iommufd_vevent_header *lost)
{
	size_t size = 0;

	spin_lock_irq(&queue->lock);
	if (queue->num_events) {
		*event = event_at(queue, 0);
		size = event_size(queue);
	} else if (queue->lost.flags) {
		*lost = queue->lost;
		*event = lost;
		size = sizeof(*lost);
	}
	spin_unlock_irq(&queue->lock);
	return size <= room ? size : 0;
}

/* The first event was read; or that some were lost, and others may have been since */
static void drop_event(struct iommufd_veventq *queue,
		       const struct iommufd_vevent_header *lost)
{
	spin_lock_irq(&queue->lock);
	if (!lost) {
		queue->first = (queue->first + 1) % queue->depth;
		queue->num_events--;
	} else if (queue->lost.sequence == lost->sequence) {
		queue->lost.flags = 0;
	}
	spin_unlock_irq(&queue->lock);
}

static ssize_t veventq_read(struct file *file, char __user *buf, size_t count,
			    loff_t *ppos)
{
	struct iommufd_veventq *queue = file->private_data;
	struct iommufd_vevent_header lost;
	size_t done = 0, size;
	const void *event;
	int rc = 0;

	mutex_lock(&queue->read_lock);
	while ((size = peek_event(queue, count - done, &event, &lost))) {
		if (copy_to_user(buf + done, event, size)) {
			rc = -EFAULT;
			break;
		}
		drop_event(queue, event == &lost ? &lost : NULL);
		done += size;
	}
	mutex_unlock(&queue->read_lock);
	return done ?: rc;
}

static __poll_t veventq_poll(struct file *file, struct poll_table_struct *wait)
{
	struct iommufd_veventq *queue = file->private_data;
	__poll_t events;

	poll_wait(file, &queue->wait, wait);
	spin_lock_irq(&queue->lock);
	events = queue->num_events || queue->lost.flags ?
		 EPOLLIN | EPOLLRDNORM : 0;
	spin_unlock_irq(&queue->lock);
	return events;
}

static int veventq_release(struct inode *inode, struct file *file)
{
	struct iommufd_veventq *queue = file->private_data;
	struct iommufd_ctx *ictx;

	/* User space never got it */
	if (!queue)
		return 0;
	ictx = queue->viommu->ictx;
	iommufd_object_unuse(ictx, &queue->obj);
	iommufd_ctx_put(ictx);
	return 0;
}

static const struct file_operations veventq_fops = {
	.owner = THIS_MODULE,
	.read = veventq_read,
	.poll = veventq_poll,
	.release = veventq_release,
	.llseek = no_llseek,
};

static const struct iommufd_queue_file veventq_file = {
	.name = "[iommufd-vevent]",
	.fops = &veventq_fops,
	.flags = O_RDONLY,
};

/*
 * The object
 */

/* Let the driver's events come */
static int add_queue(struct iommufd_veventq *queue)
{
	struct iommufd_viommu *viommu = queue->viommu;
	int rc = 0;

	spin_lock_irq(&viommu->queues_lock);
	if (find_queue(viommu, queue->type))
		rc = -EEXIST;
	else
		list_add(&queue->entry, &viommu->queues);
	spin_unlock_irq(&viommu->queues_lock);
	return rc;
}

void iommufd_veventq_destroy(struct iommufd_ctx *ictx,
			     struct iommufd_object *obj)
{
	struct iommufd_veventq *queue =
		container_of(obj, struct iommufd_veventq, obj);
	struct iommufd_viommu *viommu = queue->viommu;

	spin_lock_irq(&viommu->queues_lock);
	list_del(&queue->entry);
	spin_unlock_irq(&viommu->queues_lock);
	kvfree(queue->events);
	iommufd_object_unuse(ictx, &viommu->obj);
}

static struct iommufd_veventq *alloc_queue(struct iommufd_viommu *viommu,
					   const struct iommu_veventq_alloc *cmd)
{
	struct iommufd_veventq *queue;
	int rc;

	queue = iommufd_object_alloc(viommu->ictx, queue, IOMMUFD_OBJ_VEVENTQ);
	if (IS_ERR(queue))
		return queue;
	queue->viommu = viommu;
	queue->type = cmd->type;
	queue->event_len = viommu->viommu->type->event_len;
	queue->depth = cmd->veventq_depth;
	init_waitqueue_head(&queue->wait);
	mutex_init(&queue->read_lock);
	spin_lock_init(&queue->lock);
	queue->events = kvmalloc_array(queue->depth, event_size(queue),
				       GFP_KERNEL_ACCOUNT);
	if (!queue->events) {
		rc = -ENOMEM;
		goto err_abort;
	}
	rc = iommufd_object_use(viommu->ictx, &viommu->obj);
	if (rc)
		goto err_free;
	rc = add_queue(queue);
	if (rc)
		goto err_unuse;
	return queue;

err_unuse:
	iommufd_object_unuse(viommu->ictx, &viommu->obj);
err_free:
	kvfree(queue->events);
err_abort:
	iommufd_object_abort(viommu->ictx, &queue->obj);
	return ERR_PTR(rc);
}

static int alloc(struct iommufd_call *call, struct iommufd_viommu *viommu)
{
	struct iommu_veventq_alloc *cmd = call->cmd;
	struct iommufd_veventq *queue;
	int rc;

	if (!viommu->viommu->type->event_len ||
	    viommu->viommu->type->event_type != cmd->type)
		return -EOPNOTSUPP;
	queue = alloc_queue(viommu, cmd);
	if (IS_ERR(queue))
		return PTR_ERR(queue);
	rc = iommufd_queue_publish(call, sizeof(*cmd), &queue->obj,
				   &veventq_file, &cmd->out_veventq_id,
				   &cmd->out_veventq_fd);
	if (rc) {
		iommufd_veventq_destroy(call->ictx, &queue->obj);
		iommufd_object_abort(call->ictx, &queue->obj);
	}
	return rc;
}

int iommufd_veventq_alloc_ioctl(struct iommufd_call *call)
{
	struct iommu_veventq_alloc *cmd = call->cmd;
	struct iommufd_viommu *viommu;
	int rc;

	if (cmd->flags || cmd->__reserved ||
	    cmd->type == IOMMU_VEVENTQ_TYPE_DEFAULT)
		return -EOPNOTSUPP;
	if (!cmd->veventq_depth || cmd->veventq_depth > DEPTH_MAX)
		return -EINVAL;
	viommu = iommufd_get_viommu(call->ictx, cmd->viommu_id);
	if (IS_ERR(viommu))
		return PTR_ERR(viommu);
	rc = alloc(call, viommu);
	iommufd_object_put(call->ictx, &viommu->obj);
	return rc;
}
