import numpy as np, data, phys, pickle, sys, opt, multiprocessing
D=data.load(); res=pickle.load(open('/tmp/opt/prior.pkl','rb'))
def prior(exclude):
    T=np.array([v for (b,n),v in res.items() if b not in exclude])
    return T.mean(0), np.cov(T.T)+np.diag([.3**2]*T.shape[1])
def run(make,g,noise,seed,budget=60):
    rng=np.random.default_rng(seed); X=np.c_[g[:,0]/g[:,0].max(),g[:,1]/g[:,1].max()]
    o=make(X,noise,rng); best=g[:,2].min(); reg=[]
    for k in range(budget):
        i=o.ask(); o.tell(i,g[i,2]*np.exp(noise*rng.normal()),g[i,3]*np.exp(noise*rng.normal()))
        reg.append(g[o.recommend(),2]/best-1)
    return np.array(reg)
def stay(reg,q):
    bad=np.where(reg>q)[0]
    if len(bad)==0: return 1
    return bad[-1]+2 if bad[-1]+1<len(reg) else 10**6
def job(a):
    kind,b,n,seed,noise,budget,kw=a
    g=D[b][n]
    if kind=='mix':
        p=prior([b]); mk=lambda X,no,r: opt.Mix(X,no,r,p,**kw)
    elif kind=='gp': mk=lambda X,no,r: opt.GPEI(X,no,r)
    else:
        p=prior([b]); mk=lambda X,no,r: opt.PhysGP(X,no,r,p,**kw)
    r=run(mk,g,noise,seed,budget); return (b,n,[stay(r,q) for q in (.05,.02,.01)],r)
def bench(kind,boards,seeds=6,noise=.01,budget=40,**kw):
    jobs=[(kind,b,n,s,noise,budget,kw) for b in boards for n in D[b] for s in range(seeds)]
    R=list(map(job,jobs))
    for b in boards+['all']:
        A=np.array([r[2] for r in R if b in('all',r[0])])
        print(kind,kw,b,'median',[int(x) for x in np.median(A,0)],'p90',[int(x) for x in np.percentile(A,90,axis=0,method='higher')],'mean regret@10,20 %.2f %.2f'%tuple(100*np.mean([r[3][k] for r in R if b in('all',r[0])]) for k in(9,19)),flush=True)
    return R
dev=['jetson-tx2','jetson-agx-xavier','jetson-orin-nano','jetson-agx-orin']
if __name__=='__main__':
    import ast
    for a in sys.argv[1:]:
        k,kw=a.split(':',1); bench(k,dev,seeds=2,budget=40,**ast.literal_eval(kw))
