import numpy as np
# theta: logs. X: fc, fg relative to max
NAMES=['t0','tc','tg','tk','P0','Pc','Pg','Wc','Wg','Wm','v0c','v0g','kc','kg']
def sig(x): return 1/(1+np.exp(-x))
def softplus(x,s): return s*np.logaddexp(0,x/s)
def volt2(f,lv,lk):
    v0=0.4+0.6*sig(lv); k=sig(lk)
    r=softplus(f-k,0.05)/softplus(1-k,0.05)
    return (v0+(1-v0)*r)**2
P=4
def model(th,X):
    fc,fg=X[:,0],X[:,1]
    e=np.exp(th[:10])
    dev=((e[2]/fg)**P+(e[3]/fc)**P)**(1/P)
    t=e[0]+e[1]/fc+dev
    Vc=volt2(fc,th[10],th[12]); Vg=volt2(fg,th[11],th[13])
    # busy shares
    tcpu=e[1]/fc+e[3]/fc
    E=e[4]*t+e[5]*fc*Vc*t+e[6]*fg*Vg*t+e[7]*Vc+e[8]*Vg+e[9]
    return np.log(E),np.log(t)
def jac(th,X,h=1e-4):
    JE=np.empty((len(X),len(th)));JT=np.empty_like(JE)
    for j in range(len(th)):
        a=th.copy();a[j]+=h;b=th.copy();b[j]-=h
        ea,ta=model(a,X);eb,tb=model(b,X)
        JE[:,j]=(ea-eb)/(2*h);JT[:,j]=(ta-tb)/(2*h)
    return JE,JT
def fit(X,lE,lt,mu,Sinv,s=0.01,th=None,iters=30):
    th=mu.copy() if th is None else th.copy(); lam=1e-2
    def obj(th):
        e,t=model(th,X); return ((lE-e)**2).sum()/s**2+((lt-t)**2).sum()/s**2+(th-mu)@Sinv@(th-mu)
    o=obj(th)
    for _ in range(iters):
        e,t=model(th,X);JE,JT=jac(th,X)
        H=(JE.T@JE+JT.T@JT)/s**2+Sinv; g=(JE.T@(lE-e)+JT.T@(lt-t))/s**2-Sinv@(th-mu)
        while True:
            st=np.linalg.solve(H+lam*np.diag(np.diag(H)),g)
            n=np.clip(th+np.clip(st,-2,2),-12,12); on=obj(n)
            if on<o: 
                d=o-on; th,o=n,on; lam=max(lam/5,1e-6); break
            lam*=4
            if lam>1e6: return th,o
        if d<1e-3: break
    return th,o
