// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fault queues: page requests and unrecoverable faults of devices, for user space.
 *
 * The core is the fault handler of every bound device that has an IOMMU. Where a
 * fault goes is igroup->fault: the queue of the table that the group is attached
 * to. A fault is complete when it comes into the queue, with all that user space
 * will see.
 *
 * Page requests are answered by group: the last request of one waits for the
 * answer, and is found by the cookie that all of the group were given. It is in
 * queue->requests until it has been answered, by user space (who can do that once it
 * has read it) or here: when the group of the device leaves the table, and when the
 * descriptor is closed. So no device waits forever, and what is answered is always
 * a request of a device that is there. answer_lock is held to answer, and keeps the
 * device.
 *
 * The xa_lock of queue->requests protects all lists. The memory that a queue takes is
 * charged to who bound the device, and limited: page requests beyond are refused,
 * which their driver answers; of unrecoverable faults the next one tells that some
 * were lost, or, if there is none, a record that tells nothing else.
 */
#include <linux/fs.h>
#include <linux/iommu-nesting.h>
#include <linux/memcontrol.h>
#include <linux/poll.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "fault.h"
#include "trace.h"

/* Faults in a queue that are not read, or that are requests to be answered */
#define FAULTS_MAX 8192

/* One thread has the faults of everybody: it waits for nobody's memory cgroup */
#define FAULT_GFP (GFP_NOWAIT | __GFP_ACCOUNT | __GFP_NOWARN)

/**
 * struct fault - a fault
 * @node: in the partial groups or in the faults of the queue; empty if it was read
 * @idev: device. Valid until its group has left the table
 * @igroup: group of the device. As @idev: one that somebody reads meanwhile comes
 *          back, and is only compared from then on
 * @record: what user space gets
 * @answer: for the last request of a group
 * @is_last: it is one
 */
struct fault {
	struct list_head node;
	struct iommufd_device *idev;
	struct iommufd_group *igroup;
	struct iommu_device_fault record;
	struct iommu_page_response answer;
	bool is_last;
};

/**
 * struct iommufd_fault_queue - a queue
 * @obj: object
 * @ictx: context
 * @by_cookie: user space wants struct iommu_device_fault, and unrecoverable faults
 * @wait: woken when there are new faults
 * @read_lock: held to read
 * @answer_lock: held to answer requests
 * @requests: struct fault by cookie: last requests of groups. Its lock protects the
 *            rest
 * @next_cookie: for xa_alloc_cyclic()
 * @partial: requests of groups of which the last one has not come
 * @faults: struct fault to be read
 * @num_faults: number of both, and of what was read and waits for an answer
 * @lost: unrecoverable faults were lost, and nothing has told so
 * @closed: nobody will read any more
 */
struct iommufd_fault_queue {
	struct iommufd_object obj;
	struct iommufd_ctx *ictx;
	bool by_cookie;
	wait_queue_head_t wait;
	struct mutex read_lock;
	struct mutex answer_lock;
	struct xarray requests;
	u32 next_cookie;
	struct list_head partial;
	struct list_head faults;
	u32 num_faults;
	bool lost;
	bool closed;
};

/*
 * Reporting
 */

static void fill_record(struct iommu_device_fault *record,
			struct iommufd_device *idev)
{
	record->request.dev_id = idev->obj.id;
	if (!idev->has_cookie)
		return;
	record->flags |= IOMMU_DEVICE_FAULT_HAS_COOKIE;
	record->dev_cookie = idev->cookie;
}

static struct fault *new_request(struct iommufd_device *idev,
				 const struct iommu_fault_page_request *prm)
{
	struct iommu_hwpt_pgfault *request;
	struct fault *fault;

	fault = kzalloc(sizeof(*fault), FAULT_GFP);
	if (!fault)
		return NULL;
	fault->idev = idev;
	fault->igroup = idev->igroup;
	fault->is_last = prm->flags & IOMMU_FAULT_PAGE_REQUEST_LAST_PAGE;
	fill_record(&fault->record, idev);
	request = &fault->record.request;
	request->grpid = prm->grpid;
	request->perm = prm->perm;
	request->addr = prm->addr;
	if (fault->is_last)
		request->flags |= IOMMU_PGFAULT_FLAGS_LAST_PAGE;
	if (prm->flags & IOMMU_FAULT_PAGE_REQUEST_PASID_VALID) {
		request->flags |= IOMMU_PGFAULT_FLAGS_PASID_VALID;
		request->pasid = prm->pasid;
	}
	fault->answer.argsz = sizeof(fault->answer);
	fault->answer.version = IOMMU_PAGE_RESP_VERSION_1;
	fault->answer.grpid = prm->grpid;
	if (prm->flags & IOMMU_FAULT_PAGE_RESPONSE_NEEDS_PASID) {
		fault->answer.flags = IOMMU_PAGE_RESP_PASID_VALID;
		fault->answer.pasid = prm->pasid;
	}
	return fault;
}

static struct fault *
new_unrecoverable(struct iommufd_device *idev,
		  const struct iommu_fault_unrecoverable *event)
{
	struct iommu_device_fault *record;
	struct fault *fault;

	fault = kzalloc(sizeof(*fault), FAULT_GFP);
	if (!fault)
		return NULL;
	fault->idev = idev;
	fault->igroup = idev->igroup;
	record = &fault->record;
	fill_record(record, idev);
	record->flags |= IOMMU_DEVICE_FAULT_UNRECOVERABLE;
	record->reason = event->reason;
	record->request.perm = event->perm;
	if (event->flags & IOMMU_FAULT_UNRECOV_PASID_VALID) {
		record->request.flags |= IOMMU_PGFAULT_FLAGS_PASID_VALID;
		record->request.pasid = event->pasid;
	}
	if (event->flags & IOMMU_FAULT_UNRECOV_ADDR_VALID) {
		record->flags |= IOMMU_DEVICE_FAULT_ADDR_VALID;
		record->request.addr = event->addr;
	}
	return fault;
}

/* NULL if there is no memory, or the driver reports no fault but a loss */
static struct fault *new_fault(struct iommufd_device *idev,
			       const struct iommu_fault *event)
{
	switch (event->type) {
	case IOMMU_FAULT_PAGE_REQ:
		return new_request(idev, &event->prm);
	case IOMMU_FAULT_DMA_UNRECOV:
		return new_unrecoverable(idev, &event->event);
	default:
		return NULL;
	}
}

/* Is it in this group of requests? */
static bool is_in_group(const struct fault *fault,
			const struct iommufd_device *idev, u32 grpid)
{
	return fault->idev == idev && fault->record.request.grpid == grpid;
}

/* The last request of a group is refused, and with it the group */
static void drop_group(struct iommufd_fault_queue *queue,
		       const struct iommufd_device *idev, u32 grpid)
{
	struct fault *fault, *next;

	list_for_each_entry_safe(fault, next, &queue->partial, node) {
		if (!is_in_group(fault, idev, grpid))
			continue;
		list_del(&fault->node);
		queue->num_faults--;
		kfree(fault);
	}
}

/* The group of a last request is complete: it can be read */
static int complete_group(struct iommufd_fault_queue *queue, struct fault *last)
{
	struct fault *fault, *next;
	u32 cookie;
	int rc;

	rc = __xa_alloc_cyclic(&queue->requests, &cookie, last,
			       XA_LIMIT(1, INT_MAX), &queue->next_cookie,
			       GFP_NOWAIT);
	if (rc < 0)
		return -ENOMEM;
	list_for_each_entry_safe(fault, next, &queue->partial, node) {
		if (!is_in_group(fault, last->idev, last->record.request.grpid))
			continue;
		fault->record.request.cookie = cookie;
		list_move_tail(&fault->node, &queue->faults);
	}
	last->record.request.cookie = cookie;
	list_add_tail(&last->node, &queue->faults);
	return 0;
}

/* @fault may be NULL: then the request @prm of @idev could not be kept */
static int add_request(struct iommufd_fault_queue *queue, struct fault *fault,
		       const struct iommufd_device *idev,
		       const struct iommu_fault_page_request *prm)
{
	int rc = 0;

	if (queue->closed)
		rc = -ENODEV;
	else if (!fault)
		rc = -ENOMEM;
	else if (queue->num_faults >= FAULTS_MAX)
		rc = -ENOSPC;
	else if (fault->is_last)
		rc = complete_group(queue, fault);
	else
		list_add_tail(&fault->node, &queue->partial);
	if (!rc)
		queue->num_faults++;
	else if (prm->flags & IOMMU_FAULT_PAGE_REQUEST_LAST_PAGE)
		drop_group(queue, idev, prm->grpid);
	return rc;
}

/* @fault may be NULL: then it was lost */
static int add_unrecoverable(struct iommufd_fault_queue *queue,
			     struct fault *fault)
{
	if (queue->closed || !queue->by_cookie)
		return -ENODEV;
	if (!fault || queue->num_faults >= FAULTS_MAX) {
		queue->lost = true;
		return -ENOSPC;
	}
	if (queue->lost)
		fault->record.flags |= IOMMU_DEVICE_FAULT_LOST;
	queue->lost = false;
	list_add_tail(&fault->node, &queue->faults);
	queue->num_faults++;
	return 0;
}

/* A request of a PASID, and the group uses a table that is not the user's */
static bool is_stray(const struct iommufd_group *igroup,
		     const struct iommu_fault *event)
{
	return event->type == IOMMU_FAULT_PAGE_REQ && !igroup->has_pasids &&
	       event->prm.flags & IOMMU_FAULT_PAGE_REQUEST_PASID_VALID;
}

/* Put a fault into the queue of its group, if there is one */
static int queue_fault(struct iommufd_device *idev,
		       const struct iommu_fault *event)
{
	struct iommufd_group *igroup = idev->igroup;
	struct iommufd_fault_queue *queue;
	struct mem_cgroup *old_payer;
	struct fault *fault;
	int rc = -ENODEV;

	/* Most faults are nobody's, and the driver may log them */
	if (!READ_ONCE(igroup->fault))
		return -ENODEV;
	old_payer = set_active_memcg(idev->fault_payer);
	fault = new_fault(idev, event);
	set_active_memcg(old_payer);
	spin_lock(&igroup->fault_lock);
	queue = igroup->fault;
	if (queue && !is_stray(igroup, event)) {
		xa_lock(&queue->requests);
		if (event->type == IOMMU_FAULT_PAGE_REQ)
			rc = add_request(queue, fault, idev, &event->prm);
		else
			rc = add_unrecoverable(queue, fault);
		xa_unlock(&queue->requests);
		wake_up_all(&queue->wait);
	}
	spin_unlock(&igroup->fault_lock);
	if (rc)
		kfree(fault);
	return rc;
}

/* Called by the driver of the IOMMU, by way of iommu_report_device_fault() */
static int handle_fault(struct iommu_fault *event, void *data)
{
	struct iommufd_device *idev = data;
	int rc = queue_fault(idev, event);

	trace_iommufd_fault(idev, event, rc);
	return rc;
}

/*
 * Answering
 */

/* With answer_lock held, so that the device is there; frees the fault */
static void answer(struct iommufd_fault_queue *queue, struct fault *fault,
		   enum iommu_page_response_code code)
{
	lockdep_assert_held(&queue->answer_lock);
	fault->answer.code = code;
	iommu_page_response(fault->idev->dev, &fault->answer);
	kfree(fault);
}

/* Of a device, of a group, or of all of them, if those are NULL */
static bool is_of(const struct fault *fault, const struct iommufd_group *igroup,
		  const struct iommufd_device *idev)
{
	return (!igroup || fault->igroup == igroup) &&
	       (!idev || fault->idev == idev);
}

/* Take requests out of a list that has to be read */
static void take_requests(struct iommufd_fault_queue *queue,
			  struct list_head *list, struct iommufd_group *igroup,
			  struct iommufd_device *idev, struct list_head *taken)
{
	struct fault *fault, *next;

	list_for_each_entry_safe(fault, next, list, node) {
		if (fault->record.flags & IOMMU_DEVICE_FAULT_UNRECOVERABLE ||
		    !is_of(fault, igroup, idev))
			continue;
		queue->num_faults--;
		if (fault->is_last)
			__xa_erase(&queue->requests,
				   fault->record.request.cookie);
		list_move(&fault->node, taken);
	}
}

/* Answer requests that wait for user space */
static void flush(struct iommufd_fault_queue *queue,
		  struct iommufd_group *igroup, struct iommufd_device *idev)
{
	struct fault *fault, *next;
	unsigned long cookie;
	LIST_HEAD(taken);

	mutex_lock(&queue->answer_lock);
	xa_lock(&queue->requests);
	take_requests(queue, &queue->partial, igroup, idev, &taken);
	take_requests(queue, &queue->faults, igroup, idev, &taken);
	/* What is left was read */
	xa_for_each(&queue->requests, cookie, fault) {
		if (!is_of(fault, igroup, idev))
			continue;
		__xa_erase(&queue->requests, cookie);
		queue->num_faults--;
		list_add(&fault->node, &taken);
	}
	xa_unlock(&queue->requests);
	list_for_each_entry_safe(fault, next, &taken, node) {
		if (fault->is_last)
			answer(queue, fault, IOMMU_PAGE_RESP_INVALID);
		else
			kfree(fault);
	}
	mutex_unlock(&queue->answer_lock);
}

/**
 * iommufd_fault_flush_group() - answer all requests of a group that has left
 * @queue: where they wait, or NULL
 * @igroup: the group
 */
void iommufd_fault_flush_group(struct iommufd_fault_queue *queue,
			       struct iommufd_group *igroup)
{
	if (queue)
		flush(queue, igroup, NULL);
}

/**
 * iommufd_fault_register() - handle the faults of a device
 * @idev: bound device
 *
 * Return: 0, -EBUSY if somebody else does, -ENOMEM.
 */
int iommufd_fault_register(struct iommufd_device *idev)
{
	int rc;

	if (idev->igroup->no_iommu)
		return 0;
	idev->fault_payer = get_mem_cgroup_from_mm(current->mm);
	rc = iommu_register_device_fault_handler(idev->dev, handle_fault, idev);
	if (rc)
		mem_cgroup_put(idev->fault_payer);
	return rc;
}

/**
 * iommufd_fault_unregister() - undo iommufd_fault_register()
 * @idev: device that is being unbound
 *
 * Other devices of its group may be attached: then there may be requests of this
 * one until the handler is gone.
 */
void iommufd_fault_unregister(struct iommufd_device *idev)
{
	struct iommufd_group *igroup = idev->igroup;
	int rc;

	if (igroup->no_iommu)
		return;
	mutex_lock(&igroup->lock);
	do {
		if (igroup->fault)
			flush(igroup->fault, NULL, idev);
		rc = iommu_unregister_device_fault_handler(idev->dev);
	} while (rc == -EBUSY && igroup->fault);
	WARN_ON(rc);
	/* Parts of a group of requests do not keep the handler */
	if (igroup->fault)
		flush(igroup->fault, NULL, idev);
	mutex_unlock(&igroup->lock);
	mem_cgroup_put(idev->fault_payer);
}

/**
 * iommufd_fault_switch() - let the faults of a group go elsewhere
 * @igroup: the group
 * @hwpt: to the queue of this table, if it has one; or NULL
 */
void iommufd_fault_switch(struct iommufd_group *igroup,
			  const struct iommufd_hwpt *hwpt)
{
	lockdep_assert_held(&igroup->lock);
	spin_lock(&igroup->fault_lock);
	WRITE_ONCE(igroup->fault, hwpt ? hwpt->fault : NULL);
	igroup->has_pasids = hwpt && hwpt->parent;
	spin_unlock(&igroup->fault_lock);
}

static int answer_one(struct iommufd_fault_queue *queue,
		      const struct iommu_hwpt_page_response *response)
{
	struct fault *fault;

	if (response->code != IOMMUFD_PAGE_RESP_SUCCESS &&
	    response->code != IOMMUFD_PAGE_RESP_INVALID)
		return -EINVAL;
	mutex_lock(&queue->answer_lock);
	xa_lock(&queue->requests);
	fault = xa_load(&queue->requests, response->cookie);
	/* Nobody can answer what he has not read */
	if (fault && list_empty(&fault->node)) {
		__xa_erase(&queue->requests, response->cookie);
		queue->num_faults--;
	} else {
		fault = NULL;
	}
	xa_unlock(&queue->requests);
	if (fault)
		answer(queue, fault,
		       response->code == IOMMUFD_PAGE_RESP_SUCCESS ?
		       IOMMU_PAGE_RESP_SUCCESS : IOMMU_PAGE_RESP_INVALID);
	mutex_unlock(&queue->answer_lock);
	return fault ? 0 : -EINVAL;
}

/*
 * The descriptor
 */

static ssize_t fault_write(struct file *file, const char __user *buf,
			   size_t count, loff_t *ppos)
{
	struct iommufd_fault_queue *queue = file->private_data;
	struct iommu_hwpt_page_response response;
	size_t done = 0;
	int rc = 0;

	if (count % sizeof(response))
		return -EINVAL;
	while (done < count && !rc) {
		if (copy_from_user(&response, buf + done, sizeof(response)))
			rc = -EFAULT;
		else
			rc = answer_one(queue, &response);
		if (!rc)
			done += sizeof(response);
	}
	return done ?: rc;
}

/*
 * Take the first fault out of the queue, or what is to be told if there is none.
 * Returns the fault in @mine if it is the caller's then.
 */
static bool take_fault(struct iommufd_fault_queue *queue,
		       struct iommu_device_fault *record, struct fault **mine)
{
	struct fault *fault;
	bool taken = true;

	*mine = NULL;
	xa_lock(&queue->requests);
	fault = list_first_entry_or_null(&queue->faults, struct fault, node);
	if (fault) {
		*record = fault->record;
		list_del_init(&fault->node);
		/* A last request can be answered at any time from here on */
		if (!fault->is_last) {
			queue->num_faults--;
			*mine = fault;
		}
	} else if (queue->lost) {
		*record = (struct iommu_device_fault){
			.flags = IOMMU_DEVICE_FAULT_LOST,
		};
		queue->lost = false;
	} else {
		taken = false;
	}
	xa_unlock(&queue->requests);
	return taken;
}

/* Undo take_fault() for a fault that could not be copied, if it is there still */
static void put_back(struct iommufd_fault_queue *queue,
		     const struct iommu_device_fault *record,
		     struct fault *fault)
{
	xa_lock(&queue->requests);
	if (record->flags == IOMMU_DEVICE_FAULT_LOST)
		queue->lost = true;
	else if (fault)
		queue->num_faults++;
	else
		fault = xa_load(&queue->requests, record->request.cookie);
	if (fault && list_empty(&fault->node))
		list_add(&fault->node, &queue->faults);
	xa_unlock(&queue->requests);
}

static ssize_t fault_read(struct file *file, char __user *buf, size_t count,
			  loff_t *ppos)
{
	struct iommufd_fault_queue *queue = file->private_data;
	struct iommu_device_fault record;
	size_t size = queue->by_cookie ? sizeof(record) :
					 sizeof(record.request);
	struct fault *fault;
	size_t done = 0;
	int rc = 0;

	mutex_lock(&queue->read_lock);
	while (count - done >= size && take_fault(queue, &record, &fault)) {
		if (copy_to_user(buf + done, &record, size)) {
			put_back(queue, &record, fault);
			rc = -EFAULT;
			break;
		}
		kfree(fault);
		done += size;
	}
	mutex_unlock(&queue->read_lock);
	return done ?: rc;
}

static __poll_t fault_poll(struct file *file, struct poll_table_struct *wait)
{
	struct iommufd_fault_queue *queue = file->private_data;
	__poll_t events = EPOLLOUT | EPOLLWRNORM;

	poll_wait(file, &queue->wait, wait);
	xa_lock(&queue->requests);
	if (!list_empty(&queue->faults) || queue->lost)
		events |= EPOLLIN | EPOLLRDNORM;
	xa_unlock(&queue->requests);
	return events;
}

static int fault_release(struct inode *inode, struct file *file)
{
	struct iommufd_fault_queue *queue = file->private_data;
	struct fault *fault, *next;
	struct iommufd_ctx *ictx;
	LIST_HEAD(left);

	/* User space never got it */
	if (!queue)
		return 0;
	ictx = queue->ictx;
	xa_lock(&queue->requests);
	queue->closed = true;
	xa_unlock(&queue->requests);
	flush(queue, NULL, NULL);
	/* No more come, and nobody reads what is left */
	xa_lock(&queue->requests);
	list_splice_init(&queue->faults, &left);
	xa_unlock(&queue->requests);
	list_for_each_entry_safe(fault, next, &left, node)
		kfree(fault);
	iommufd_object_unuse(ictx, &queue->obj);
	iommufd_ctx_put(ictx);
	return 0;
}

static const struct file_operations fault_fops = {
	.owner = THIS_MODULE,
	.read = fault_read,
	.write = fault_write,
	.poll = fault_poll,
	.release = fault_release,
	.llseek = no_llseek,
};

static const struct iommufd_queue_file fault_file = {
	.name = "[iommufd-fault]",
	.fops = &fault_fops,
	.flags = O_RDWR,
};

/*
 * The object
 */

/**
 * iommufd_hwpt_use_fault_queue() - let a table have a queue for faults
 * @hwpt: table that is not published
 * @id: of the queue
 *
 * Return: 0 or -ENOENT.
 */
int iommufd_hwpt_use_fault_queue(struct iommufd_hwpt *hwpt, u32 id)
{
	struct iommufd_ctx *ictx = hwpt->ioas->ictx;
	struct iommufd_object *obj;
	int rc;

	obj = iommufd_object_get(ictx, id, IOMMUFD_OBJ_FAULT_QUEUE);
	if (IS_ERR(obj))
		return PTR_ERR(obj);
	rc = iommufd_object_use(ictx, obj);
	if (!rc)
		hwpt->fault = container_of(obj, struct iommufd_fault_queue,
					   obj);
	iommufd_object_put(ictx, obj);
	return rc;
}

void iommufd_hwpt_unuse_fault_queue(struct iommufd_hwpt *hwpt)
{
	if (hwpt->fault)
		iommufd_object_unuse(hwpt->ioas->ictx, &hwpt->fault->obj);
}

/* No table has the queue any more, and no descriptor: it is empty */
void iommufd_fault_queue_destroy(struct iommufd_ctx *ictx,
				 struct iommufd_object *obj)
{
	struct iommufd_fault_queue *queue =
		container_of(obj, struct iommufd_fault_queue, obj);

	WARN_ON(!list_empty(&queue->partial) || !list_empty(&queue->faults) ||
		!xa_empty(&queue->requests));
	xa_destroy(&queue->requests);
}

static struct iommufd_fault_queue *alloc_queue(struct iommufd_ctx *ictx,
					       u32 flags)
{
	struct iommufd_fault_queue *queue;

	queue = iommufd_object_alloc(ictx, queue, IOMMUFD_OBJ_FAULT_QUEUE);
	if (IS_ERR(queue))
		return queue;
	queue->ictx = ictx;
	queue->by_cookie = flags & IOMMU_FAULT_QUEUE_COOKIE;
	init_waitqueue_head(&queue->wait);
	mutex_init(&queue->read_lock);
	mutex_init(&queue->answer_lock);
	xa_init_flags(&queue->requests, XA_FLAGS_ALLOC1);
	INIT_LIST_HEAD(&queue->partial);
	INIT_LIST_HEAD(&queue->faults);
	return queue;
}

int iommufd_fault_queue_alloc_ioctl(struct iommufd_call *call)
{
	struct iommu_fault_alloc *cmd = call->cmd;
	struct iommufd_fault_queue *queue;
	int rc;

	if (cmd->flags & ~IOMMU_FAULT_QUEUE_COOKIE)
		return -EOPNOTSUPP;
	queue = alloc_queue(call->ictx, cmd->flags);
	if (IS_ERR(queue))
		return PTR_ERR(queue);
	rc = iommufd_queue_publish(call, sizeof(*cmd), &queue->obj, &fault_file,
				   &cmd->out_fault_id, &cmd->out_fault_fd);
	if (rc)
		iommufd_object_abort(call->ictx, &queue->obj);
	return rc;
}
